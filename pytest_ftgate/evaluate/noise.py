"""Two measurements of one model on one golden set -> how much it differs from itself, kept beside the set's lock.

A server that batches is not deterministic even at temperature 0: what is computed together decides how sums are
rounded. A margin below this noise would judge the server, so the gate uses the larger of the two.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import Fault, LockError
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.case import digest_of
from pytest_ftgate.golden.paths import companion, set_argument, set_file

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case


SEAL = "seal"


@dataclass(frozen=True, slots=True)
class Noise:
    """What golden.noise holds.

    model: digest. engine, concurrency: as asked. cases: those that both runs measured, >= 1. by_grade, by_text: share
    of them whose grade, or text, differs between the two runs, 0 to 1. settings: digest of what was asked and judged.
    """

    model: str
    engine: str
    concurrency: int
    cases: int
    by_grade: float
    by_text: float
    settings: str

    def __post_init__(self) -> None:
        if not (0 <= self.by_grade <= 1 and 0 <= self.by_text <= 1):
            raise ValueError("shares must lie between 0 and 1")

    def of(self, suite: Suite) -> str:
        """In words, and whether it was measured on the set as it is now."""
        again = f"; outdated, settings have changed since: ftgate noise {shown(set_argument(suite.golden.path))}"
        return f"{self}{again if self.outdated(suite) else ''}"

    def outdated(self, suite: Suite) -> bool:
        """Whether the set's settings have changed since."""
        return self.settings != suite.settings_digest

    def __str__(self) -> str:
        grade, text = 100 * self.by_grade, 100 * self.by_text
        return (
            f"noise {grade:.1f} points (two identical runs, {self.concurrency} requests in flight: "
            f"{grade:.1f} % of the grades and {text:.1f} % of the texts of {self.cases:,} cases differ)"
        )


def compare(first: Evaluation, second: Evaluation) -> tuple[int, int, int]:
    """(cases that both measured, of these other grade, other text); a case with several repeats differs if one does."""
    one, two = first.results, second.results
    cases = [case for case in first.suite.cases if one[case.id].measured and two[case.id].measured]
    grades = sum(one[case.id] != two[case.id] for case in cases)
    return len(cases), grades, sum(_texts(first, case) != _texts(second, case) for case in cases)


def _texts(evaluation: Evaluation, case: Case) -> list[str]:
    return [answer.text for answer in evaluation.responses.of(case)]


def noise_path(golden_path: Path) -> Path:
    """golden.noise beside golden.toml; <name>.golden.noise beside a single file."""
    return companion(Path(golden_path), ".noise")


def write_noise(golden_path: Path, noise: Noise) -> Path:
    """Keep it, sealed: it widens the margin, so it is measured and never edited. The path written."""
    data = asdict(noise) | {SEAL: digest_of(asdict(noise))}
    return write_text(noise_path(golden_path), json.dumps(data, indent=1, sort_keys=True) + "\n")


def read_noise(golden_path: Path) -> Noise | None:
    """What was kept, None if `ftgate noise` was never run. Raises LockError for a file that is no noise."""
    path = noise_path(golden_path)
    if not path.exists():
        return None
    try:
        return _parse(path.read_text(encoding="utf-8"))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        fix = f"measure again: ftgate noise {shown(set_argument(set_file(golden_path)))}"
        raise LockError([Fault(shown(path), 0, f"is not a valid `ftgate noise` file: {error}", fix)]) from None


def _parse(text: str) -> Noise:
    """What `write_noise` wrote. Raises ValueError, TypeError, AttributeError for anything else."""
    data = json.loads(text)
    seal, noise = data.pop(SEAL, ""), Noise(**data)
    if seal != digest_of(asdict(noise)):
        raise ValueError("it was edited by hand and does not fit its seal")
    return noise


def widened(delta: float, noise: Noise | None) -> float:
    """The margin that the gate uses: never below the noise; a share in (0, 1)."""
    return delta if noise is None else min(max(delta, noise.by_grade), 0.999)
