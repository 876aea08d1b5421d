"""(registry, version) -> Evidence: what the gate measured and said about it, as the registry holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_ftgate.files.secrets import mask
from pytest_ftgate.registry.audit_tags import GOLDEN
from pytest_ftgate.registry.version import AGAINST, REASON, RESULTS, VERDICT

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry, Version

LOWER = ".lower"
IS_DIGEST = (".sha256", ".md5", ".rows", ".rows_used")


@dataclass(frozen=True, slots=True)
class Measured:
    """One number of a golden set. lower: its one-sided 95 % bound; None if it has none. cases: how many were graded.

    digest: of the golden set, "" if unknown.
    """

    golden: str
    metric: str
    value: float
    lower: float | None
    cases: int
    digest: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """verdict: of the gate, with its reason, secrets masked, and the champion that it compared with ("v2@<digest>")."""

    measured: tuple[Measured, ...]
    verdict: Mapping[str, str]
    lineage: Mapping[str, str]


def evidence_of(registry: Registry, version: Version) -> Evidence:
    """From the run that judged a version. Raises IntegrityError if its results were edited by hand since."""
    numbers = registry.metrics(version)
    measured: list[Measured] = []
    for golden in _goldens(version):
        cases = len(registry.results(version, golden)["cases"])
        for name, value in sorted(numbers.items()):
            if name.startswith(f"{golden}.") and not name.endswith(LOWER):
                metric, lower = name.removeprefix(f"{golden}."), numbers.get(f"{name}{LOWER}")
                digest = version.tags.get(f"{GOLDEN}{golden}", "")
                measured.append(Measured(golden, metric, value, lower, cases, digest))
    verdict = {"verdict": VERDICT, "reason": REASON, "against": AGAINST}
    return Evidence(
        tuple(measured),
        {name: mask(version.tags.get(tag, "")) for name, tag in verdict.items()},
        {name: value for name, value in registry.params(version).items() if _is_lineage(name)},
    )


def _goldens(version: Version) -> list[str]:
    names = (tag.removeprefix(RESULTS) for tag in version.tags if tag.startswith(RESULTS))
    return sorted(name.removesuffix(".json") for name in names)


def _is_lineage(name: str) -> bool:
    """Digests and counts of training data; never a path, a name of a person, or a text."""
    return name.startswith("data.") and name.endswith(IS_DIGEST)
