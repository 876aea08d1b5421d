"""RunReports as runs of each kind leave them, for tests of the page."""

from __future__ import annotations

from typing import Any

from pytest_ftgate.gate.checks.result import Result
from pytest_ftgate.pipeline.report.html.grades import Column, SetGrades
from pytest_ftgate.pipeline.report.run_report import RunReport

EVIL = "<script>alert(1)</script><img src=http://evil.example/x>"


def check(name: str, status: str, reason: str = "", *, advisory: bool = False, **numbers: float) -> dict[str, Any]:
    facts = {"set": "mail", "check": name, "status": status, "reason": reason or f"{name}: because"}
    return facts | {"advisory": advisory, "numbers": numbers, "beside": []}


def difference(name: str, status: str, gain: float, **more: float) -> dict[str, Any]:
    numbers = {"gain": gain, "lower": gain - 0.06, "upper": gain + 0.06, "alpha": 0.05, "n": 200.0, "better": 30.0}
    return check(name, status, **numbers | {"worse": 12.0, "unmeasured": 0.0} | more)


def score(**more: Any) -> dict[str, Any]:
    accuracy = {"name": "accuracy", "value": 0.9, "lower": 0.85, "upper": 0.93, "n": 200}
    facts = {"set": "mail", "title": "candidate", "cases": 200, "n": 200, "unscored": 0, "failed": 0}
    facts |= {"metrics": [accuracy], "confusion": [], "matrix": None, "measure": "accuracy", "slices": []}
    return facts | more


def fact(**more: Any) -> dict[str, Any]:
    seen = {"line": "200 cases can resolve about 8 points", "delta": 0.05, "found": 0.081, "clusters": 200}
    known = {"set": "mail", "title": "mail", "path": "goldens/mail/cases.jsonl", "cases": 200, "labels": []}
    return known | {"resolution": seen} | more


def verdict(kind: str, version: int | None = 3, reason: str = "", **more: Any) -> dict[str, Any]:
    facts = {"task": "mail", "verdict": kind, "version": version, "reason": reason, "golden": "goldens/mail"}
    return facts | {"data": "", "seconds": {"leakage": 1.0}, "warnings": [], "beside": []} | more


def leak(**more: Any) -> dict[str, Any]:
    known = {"golden_id": "c7", "file": "train.jsonl", "line": 4, "stage": "containment", "score": 0.81}
    known |= {"span": "reset my password", "words": 3, "verdict": "leak", "set": "mail"}
    return known | {"before": "please", "after": "today", "differs": "", "row": 4} | more


def pipeline(**more: Any) -> dict[str, Any]:
    epochs = [
        {"epoch": n, "step": 40 * n, "score": 0.6 + 0.1 * n, "passed": 6 + n, "cases": 10, "loss": 1.2 - 0.2 * n}
        | {"perplexity": 2.1, "train_loss": 1.0}
        for n in (1, 2, 3)
    ]
    known = {"task": "mail", "base": "SmolLM2", "goldens": ["mail"], "general": None, "champion": 2, "leaks": []}
    known |= {"seconds": {"fine-tune": 80.0}, "lineage": {}, "sides": [], "method": "lora", "digest": "ab12"}
    known |= {"best_epoch": 2, "epochs": epochs, "params": {"seed": 7, "lr": 0.0002}, "metrics": {}, "versions": {}}
    known |= {"curves": {"loss": [[step, 2.0 / step] for step in range(1, 121)]}, "template_digest": ""}
    return known | more


def move(kind: str, version: int) -> dict[str, Any]:
    return {
        "at": f"2026-11-2{version}T10:00:00Z",
        "by": "ada@box",
        "kind": kind,
        "version": version,
        "reason": "by hand",
    }


def run(**more: Any) -> RunReport:
    about = {"git": "0123abcd", "dirty": False, "args": ["goldens/mail", "--train"], "version": "0.1.0"}
    known: dict[str, Any] = {"run": "20261129-001122-abcd", "at": 1.8e9, "seconds": 127.0, "code": 0}
    return RunReport(**known | {"about": about} | more)


def results(values: str) -> dict[str, Result]:
    """ "110" are three cases, the last of them wrong."""
    return {f"c{place}": Result(float(value), value == "1") for place, value in enumerate(values)}


def columns(**values: str) -> SetGrades:
    return SetGrades("mail", tuple(Column(role, role, results(found)) for role, found in values.items()))
