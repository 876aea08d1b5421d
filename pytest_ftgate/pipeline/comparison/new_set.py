"""(a golden set that an earlier run did not have, that run's records) -> whether it is new, or an old one renamed."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_ftgate.evaluate.records.record import Record
from pytest_ftgate.gate.checks.against import NAME
from pytest_ftgate.gate.checks.result import CheckResult


def new_set_check(then: str, golden: str, asked: Iterable[str], gone: Iterable[Record]) -> CheckResult:
    """Advisory for a set that is new: nothing is there to compare with. A hold if it is an old one with another name.

    then: what the earlier run is called. asked: of each case what it asks, as `CaseRecord.input`. gone: the earlier
    run's records of the sets that are no more: a set that asks one of their questions is no new one.
    """
    inputs, left = list(asked), list(gone)
    for each in left:
        known = {case.input for case in each.cases}
        if same := sum(one in known for one in inputs):
            how = f"{then} has no record of golden set {golden}, but of {each.facts.set}, which is no more"
            what = f"{same:,} of the {len(inputs):,} cases are of it; after a renaming measure once under the new name"
            return CheckResult(NAME, "hold", reason=f"{NAME}: not decided: {how}: {what}")
    names = ", ".join(dict.fromkeys(each.facts.set for each in left))
    removed = f"; removed since: {names}" if names else ""
    reason = f"{NAME}: a new golden set, of which {then} has no record: not compared{removed}"
    return CheckResult(NAME, "skip", reason=reason, advisory=True)
