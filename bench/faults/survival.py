"""A fault -> did a real run survive it? `python -m pytest` in a project of its own, against a server that has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.faults.bodies import Fault
from bench.faults.wire import GOOD, OK, Asked, FaultyServer, Wire

REPOSITORY = Path(__file__).parents[2]
LIMIT_S = 300.0
"""Seconds after which a run has not ended by itself."""

REQUEST = "[request]\ntimeout_s = {timeout_s}\nstream = {stream}\n"
CRASHES = ("INTERNALERROR", "Traceback (most recent call last)", "Exception in thread", "was never retrieved")


def write_project(folder: Path, sets: Mapping[str, Sequence[Fault]], good: int, timeout_s: float) -> None:
    """A golden set for each name: a case for each fault, whose name is its input, and so many good ones before."""
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n", "utf-8")
    for name, faults in sets.items():
        texts = [*(f"good {number}" for number in range(good)), *(fault.name for fault in faults)]
        rows = [{"id": f"c{number}", "input": text, "expected": OK} for number, text in enumerate(texts)]
        golden = folder / "goldens" / name
        golden.mkdir(parents=True)
        (golden / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        stream = str(any(fault.stream for fault in faults)).lower()
        (golden / "golden.toml").write_text(REQUEST.format(timeout_s=timeout_s, stream=stream), "utf-8")


def run(folder: Path, base_url: str) -> tuple[int | None, str]:
    """Exit code, None if it was ended after `LIMIT_S`, and output."""
    own = {name: value for name, value in os.environ.items() if not name.lower().endswith(("_proxy", "api_key"))}
    environment = {**own, "PYTHONPATH": str(REPOSITORY), "FTGATE_API_KEY": "sk-faults", "HF_HUB_OFFLINE": "1"}
    options = ["-p", "no:cacheprovider", "-p", "no:randomly", "-q", "--junitxml", "junit.xml"]
    server = ["--ftgate-base-url", base_url, "--ftgate-model", "mock"]
    command = [sys.executable, "-m", "pytest", "goldens", *options, *server]
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=folder,
            env=environment,
            timeout=LIMIT_S,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode("utf-8", "replace")
    return done.returncode, done.stdout.decode("utf-8", "replace")


def crash(code: int | None, output: str) -> str:
    """Why a run did not survive, "" if it did."""
    if code is None:
        return f"did not end within {LIMIT_S:g} s"
    return next(
        (f"exit code {code}: {line}" for line in output.splitlines() if any(map(line.__contains__, CRASHES))), ""
    )


def answers(faults: Sequence[Fault], good: int = 20, timeout_s: float = 8.0) -> Iterator[tuple[str, str]]:
    """One run with all of them: the name of each, and what went wrong with it, "" if nothing did."""
    sets = {"plain": [f for f in faults if not f.stream], "streamed": [f for f in faults if f.stream]}
    with (
        tempfile.TemporaryDirectory(prefix="ftgate-faults-") as name,
        FaultyServer({fault.name: fault.reply for fault in faults}) as server,
    ):
        folder = Path(name)
        write_project(folder, sets, good, timeout_s)
        code, output = run(folder, server.base_url)
        outcomes = dict(_outcomes(folder)) if not crash(code, output) else {}
    why = crash(code, output) or ("" if code == 1 else f"exit code {code}, 1 expected")
    for place in range(good):
        yield f"good answer {place} beside them", why or _differs("answered", outcomes.get(f"good {place}", ""))
    for fault in faults:
        yield fault.name, why or _differs(fault.outcome, outcomes.get(fault.name, ""))


def _differs(wanted: str, found: str) -> str:
    return "" if wanted == found else f"{found or 'not judged'}, {wanted} expected"


def _outcomes(folder: Path) -> Iterator[tuple[str, str]]:
    """The input of each case that was judged, with what came of it by the journal."""
    cases = ET.parse(folder / "junit.xml").iter("testcase")
    judged = {f"{case.get('classname')}.{case.get('name')}" for case in cases}
    for golden in (folder / "goldens").iterdir():
        rows = map(json.loads, (golden / "cases.jsonl").read_text("utf-8").splitlines())
        texts = {row["id"]: row["input"] for row in rows}
        for line in (folder / ".ftgate" / "journal" / f"{golden.name}.jsonl").read_text("utf-8").splitlines():
            response = json.loads(line)["response"]
            if f"goldens.{golden.name}.golden.toml.{response['case_id']}" in judged:
                yield texts[response["case_id"]], _outcome(response)


def _outcome(response: Mapping[str, str]) -> str:
    if response["finish_reason"] in {"error", "timeout"}:
        return "unmeasured"
    return "answered" if (response["text"], response["finish_reason"]) == (OK, "stop") else "wrong"


def start(base_url: str, server: FaultyServer, works: bool) -> str:
    """One run with this address: what went wrong, "" if nothing did. works: whether its cases must pass."""
    with tempfile.TemporaryDirectory(prefix="ftgate-faults-") as name:
        folder = Path(name)
        write_project(folder, {"plain": []}, 3, 8.0)
        code, output = run(folder, base_url)
    if why := crash(code, output):
        return why
    if works:
        return "" if code == 0 else f"exit code {code}, 0 expected"
    posts = [asked for asked in server.asked if asked.method == "POST"]
    return f"exit code {code}, {len(posts)} requests sent" if code == 0 or posts else ""


def death(cases: int = 2000, before: int = 200) -> str:
    """A run whose server dies after so many answers: "" if it ended early, with one reason for what was not sent."""
    alive = iter(range(before))

    def reply(wire: Wire, _: Asked) -> None:
        if next(alive, None) is None:
            wire.reset()
        else:
            wire.send(GOOD)

    with tempfile.TemporaryDirectory(prefix="ftgate-faults-") as name, FaultyServer() as server:
        server.faults = dict.fromkeys((f"good {number}" for number in range(cases)), reply)
        folder = Path(name)
        write_project(folder, {"plain": []}, cases, 8.0)
        code, output = run(folder, server.base_url)
        if why := crash(code, output):
            return why
        journal = (folder / ".ftgate" / "journal" / "plain.jsonl").read_text("utf-8").splitlines()
    responses = [json.loads(line)["response"] for line in journal]
    reasons = Counter(response["error"] for response in responses if not response["attempts"])
    if len(reasons) != 1 or sum(reasons.values()) < cases / 2:
        return f"{sum(reasons.values())} of {cases} cases not sent, for {len(reasons)} reasons"
    return "" if code == 1 else f"exit code {code}, 1 expected"
