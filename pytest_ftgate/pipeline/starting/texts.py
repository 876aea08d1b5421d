"""Plan -> the text of each file of the new task, by its path in the project."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_ftgate.golden.rows import id_problem
from pytest_ftgate.metrics.intervals import wilson
from pytest_ftgate.pipeline.starting.example import Example
from pytest_ftgate.pipeline.starting.grading import SCHEMA_FILE
from pytest_ftgate.pipeline.starting.plan import Plan
from pytest_ftgate.pipeline.starting.toml_text import table, toml_value

GIT_IGNORE = ".ftgate/\n__pycache__/\n.pytest_cache/\nreports/\n"
PYTEST_INI = """\
[pytest]
# a model that is served already, in place of the base model of pipelines/:
# ftgate_base_url = http://127.0.0.1:8000/v1
# ftgate_model = my-model
"""
CANARY = 50


def golden_files(plan: Plan) -> dict[str, str]:
    """golden.toml, cases.jsonl, and the schema of the answers if they are objects."""
    folder, grading = f"goldens/{plan.task}", plan.grading
    schema = {f"{folder}/{SCHEMA_FILE}": json.dumps(grading.schema, indent=2, ensure_ascii=False) + "\n"}
    cases = _with_ids(plan.parts.goldens)
    return {
        f"{folder}/golden.toml": golden_toml(plan),
        f"{folder}/cases.jsonl": _json_lines(cases),
        **(schema if grading.schema else {}),
    }


def golden_toml(plan: Plan) -> str:
    """The settings of the golden set."""
    grading, name = plan.grading, plan.source.rsplit("/", 1)[-1]
    what = f"{len(plan.parts.goldens):,} of {plan.read:,} rows of {name}: {grading.why}"
    text = f"description = {toml_value(what)}\n"
    text += table("[prompt]", plan.prompt) if plan.prompt else ""
    text += table("[request]", {"max_tokens": plan.max_tokens})
    text += "".join(table("[[grader]]", grader) for grader in grading.graders)
    text += table("[label]", grading.label) if grading.label else ""
    text += "\n[gate]\n"
    return text + table("[[gate.floor]]  # a first guess: set what your product needs", grading.floor)


def _with_ids(examples: Sequence[Example]) -> Iterable[dict[str, Any]]:
    """With the ids of the data where each has a sound one of its own, else with none: the content names them."""
    ids = [example.id for example in examples]
    has_ids = len(set(ids)) == len(ids) and not any(map(id_problem, ids))
    return ({**({"id": each.id} if has_ids else {}), **_case(each)} for each in examples)


def _case(each: Example) -> dict[str, Any]:
    more = {"slices": dict(each.slices), "cluster": each.cluster, "notes": each.place}
    return {"input": each.input, "expected": each.expected} | {key: value for key, value in more.items() if value}


def _row(each: Example) -> dict[str, Any]:
    more = {"slices": dict(each.slices)} if each.slices else {}
    return {"origin": each.place, "input": each.input, "expected": each.expected, **more}


def _json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def data_files(plan: Plan) -> dict[str, str]:
    """train.jsonl and validation.jsonl."""
    folder = f"pipelines/{plan.task}/data"
    return {
        f"{folder}/train.jsonl": _json_lines(map(_row, plan.parts.train)),
        f"{folder}/validation.jsonl": _json_lines(map(_row, plan.parts.validation)),
    }


def pipeline_toml(plan: Plan) -> str:
    """What is trained, on what, how."""
    training = plan.training
    base = {"model": training.model} | ({} if training.is_folder else {"revision": "main"})
    data: dict[str, Any] = {"train": "data/train.jsonl", "validation": "data/validation.jsonl"}
    data |= {"max_rows": training.max_rows} if training.max_rows else {}
    data |= {"allow": ["pii"]} if plan.pii == "allow" else {}
    train = {
        "method": training.method,
        "epochs": training.epochs,
        "learning_rate": training.learning_rate,
        "batch_size": training.batch_size,
        "max_length": training.max_length,
        "seed": plan.seed,
    }
    baseline: dict[str, Any] = {"few_shot": training.few_shot}
    baseline |= {"choices": list(plan.grading.choices)} if plan.grading.choices else {}
    text = f"# Trained and gated by: pytest goldens/{plan.task} --train\n"
    text += f"goldens = {toml_value([plan.task])}\n" + table("[base]", base)
    if not training.is_folder:
        text = text.replace('revision = "main"', 'revision = "main"  # better the commit that `ftgate doctor` prints')
    text += table("[data]", data) + table("[train]", train)
    text += table("[baseline]", baseline)
    return text + table("[canary]", {"size": min(CANARY, len(plan.parts.goldens))})


def python_test(plan: Plan) -> str:
    """A test that asks the same cases, to be built on."""
    name, answers = re.sub(r"\W", "_", plan.task), plan.answers
    why = "always giving the most frequent label" if answers.labels else "getting one in ten right"
    return (
        f'"""The golden set {plan.task} in Python; a plain assert is a gate."""\n\n'
        "import pytest\n\n\n"
        f'@pytest.mark.golden("{plan.task}")\n'
        f"def test_{name}_is_better_than_{'a_constant' if answers.labels else 'nothing'}(metrics):\n"
        f'    """Better than {why}, with 95 % confidence."""\n'
        f"    assert {_better(plan)}\n"
    )


def _better(plan: Plan) -> str:
    """Of accuracy where so many right answers could show it; else of macro F1, in which each label counts the same."""
    answers, cases = plan.answers, len(plan.parts.goldens)
    always = round(max(answers.most_frequent, 0.1), 2)
    if not answers.labels or wilson(cases, cases)[0] > always:
        return f"metrics.accuracy().lower > {always:.2f}"
    return f'metrics.f1(average="macro").lower > {1 / len(answers.labels):.2f}'


def test_file(task: str) -> str:
    """Its path."""
    return f"tests/test_{re.sub(r'[^A-Za-z0-9_]', '_', task)}.py"


def project_files(plan: Plan) -> dict[str, str]:
    """All files that belong to the task alone."""
    return {
        **golden_files(plan),
        f"pipelines/{plan.task}/pipeline.toml": pipeline_toml(plan),
        **data_files(plan),
        test_file(plan.task): python_test(plan),
    }
