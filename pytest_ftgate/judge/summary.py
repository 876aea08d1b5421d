"""What judge clients did in a run -> whether it can be trusted, and lines for the summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_ftgate.gate.checks.judge_limits import MOST_UNSCORED

COUNTED = ("questions", "unscored", "again", "refused", "invalid", "broken", "pairs", "flips")


def summed(judges: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """One fact for each judge: what several workers of xdist counted is added up, their bills stand side by side.

    Agreement and verbosity of the parts do not add up, and are left out then.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for each in judges:
        known = found.get(each["digest"])
        found[each["digest"]] = each if known is None else _added(known, each)
    return list(found.values())


def _added(one: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    kept = {key: value for key, value in one.items() if key not in {"agreement", "verbosity"}}
    counts = {name: one[name] + other[name] for name in COUNTED}
    names = list(dict.fromkeys([*one["names"], *other["names"]]))
    reasons = dict(Counter(one["reasons"]) + Counter(other["reasons"]))
    return {**kept, **counts, "reasons": reasons, "names": names, "bills": [*one["bills"], *other["bills"]]}


def untrusted(judge: Mapping[str, Any]) -> bool:
    """Whether more than 5 % of a judge's questions got no verdict."""
    return bool(judge["unscored"] > MOST_UNSCORED * judge["questions"])


def judged_lines(judges: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """(text, colour): for each judge its counts, its bills, and a warning where too much is unscored."""
    for each in summed(judges):
        share = each["unscored"] / max(1, each["questions"])
        said = f"judge {each['judge']} ({', '.join(each['names'])}): {each['questions']} questions"
        yield f"{said}, {each['unscored']} unscored ({100 * share:.1f} %){_troubles(each)}", ""
        if each["reasons"]:
            yield f"  unscored{most_frequent(each['reasons'])}", ""
        yield from ((f"  {line}", "") for line in _favours(each))
        yield from ((f"  warning: {line}", "yellow") for line in each.get("same_family", ()))
        yield from ((f"  {_payer(bill)}: {bill['text']}", "") for bill in each["bills"])
        if untrusted(each):
            yield (
                f"  INTEGRITY: above {100 * MOST_UNSCORED:g} % unscored, results of this judge are invalid",
                "red",
            )


def most_frequent(reasons: Mapping[str, int]) -> str:
    """What stands behind "unscored": the reason, of several the first with how many it holds for; "" of none."""
    if not reasons:
        return ""
    reason, count = max(reasons.items(), key=lambda each: each[1])
    share = f", {count} of {sum(reasons.values())}" if len(reasons) > 1 else ""
    return f"{share}: {reason}"


def _payer(bill: Mapping[str, Any]) -> str:
    """Whose bill it is; names: of all whom it is for, if several judges ask one model."""
    return f"{bill['model']}, total for {', '.join(bill['names'])}" if bill["names"] else str(bill["model"])


def _favours(each: Mapping[str, Any]) -> Iterator[str]:
    if each["pairs"]:
        rate = 100 * each["flips"] / each["pairs"]
        yield f"flip rate {rate:.1f} %: {each['flips']} of {each['pairs']} pairs flip with the order"
    if "agreement" in each:
        yield f"vote agreement {each['agreement']:.2f}"
    if "verbosity" in each:
        value, lower, upper = each["verbosity"]
        yield f"verbosity {value:+.2f} [{lower:+.2f}, {upper:+.2f}], rank correlation of verdict and length"


def _troubles(each: Mapping[str, Any]) -> str:
    named = {
        "again": "retried",
        "refused": "refusals",
        "invalid": "invalid verdicts",
        "broken": "unanswered",
    }
    return "".join(f", {each[key]} {text}" for key, text in named.items() if each[key])
