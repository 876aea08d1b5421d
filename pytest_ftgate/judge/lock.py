"""judge.lock of a golden set: what a judge said of the labelled answers, bound to the judge's digest -> Admission.

Admission is worked out anew from the labels and these verdicts, wherever it is asked for: whoever edits a label, the
rubric, a prompt or the model voids it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.text import read_text, shown
from pytest_ftgate.gate.checks.admission import Admission
from pytest_ftgate.judge.calibration import Calibration, admission, calibrate
from pytest_ftgate.judge.labels import Label
from pytest_ftgate.judge.spec import JudgeSpec

FILE = "judge.lock"


@dataclass(frozen=True, slots=True)
class JudgeLock:
    """What a calibration found.

    judge: `JudgeSpec.digest`. models: for people. verdicts: level by `Label.key`, null without a verdict. pairs,
    flips: pairs of labelled answers judged in both orders, and those that the orders disagreed on.
    """

    judge: str
    models: list[str]
    verdicts: Mapping[str, str | None]
    pairs: int = 0
    flips: int = 0


def write_judge_lock(path: Path, lock: JudgeLock) -> Path:
    """Replace the file."""
    return write_text(path, json.dumps(asdict(lock), indent=1, sort_keys=True) + "\n")


def read_judge_lock(path: Path) -> JudgeLock | None:
    """None if there is none. Raises FileFaults."""
    if not path.exists():
        return None
    try:
        return _parsed(json.loads(read_text(path)))
    except (ValueError, TypeError, RecursionError) as error:
        raise FileFaults([Fault(shown(path), 0, f"is not a valid judge lock: {error}", "calibrate again")]) from None


def _parsed(data: Any) -> JudgeLock:
    if not isinstance(data, dict) or not isinstance(data.get("verdicts"), dict):
        raise TypeError("expected the keys `judge` and `verdicts`")
    return JudgeLock(**data)


def admission_of(spec: JudgeSpec, labels: tuple[Label, ...], lock: JudgeLock | None, command: str) -> Admission:
    """Whether the judge may vote now. command: what makes the lock, for the reasons."""
    if lock is None:
        return Admission(False, (f"not calibrated: {command}",))
    if lock.judge != spec.digest:
        why = f"models, prompts or rubric changed since calibration ({lock.judge[:8]}, now {spec.digest[:8]})"
        return Admission(False, (f"{why}: {command}",))
    return admission(calibrations_of(spec, labels, lock), spec)


def calibrations_of(spec: JudgeSpec, labels: tuple[Label, ...], lock: JudgeLock) -> list[Calibration]:
    """The figures behind an admission."""
    return calibrate(spec, labels, lock.verdicts)
