"""RunReport -> the first screen: what became of the run, in a sentence, with its reasons and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_ftgate.gate.exit_code import DRIFT
from pytest_ftgate.pipeline.comparison.since_last import worse_slices
from pytest_ftgate.pipeline.report.html.checks import GRAVEST_FIRST, floors_of, limit_of, told_floor
from pytest_ftgate.pipeline.report.html.numbers import count, points, share
from pytest_ftgate.pipeline.report.html.render import rendered
from pytest_ftgate.pipeline.report.not_right import cases, other_tests, unmeasured, wrong

if TYPE_CHECKING:
    from markupsafe import Markup

    from pytest_ftgate.pipeline.report.run_report import RunReport

TONES = {"PROMOTE": "good", "UNCHANGED": "good", "PASSED": "good", "HOLD": "warn", "NOTHING TO WATCH": "warn"}
_WORDS = {"PROMOTE": "PROMOTED"}
_SHOWN = {
    ("baseline", "reject"): "it is significantly worse than the base model with its best prompt",
    ("baseline", "hold"): "it is not shown to be better than the base model with its best prompt",
    ("champion", "reject"): "it is worse than the champion",
    ("champion", "hold"): "it is not shown to be as good as the champion",
    ("anchor", "reject"): "it is worse than the best past champion",
    ("anchor", "hold"): "it is not shown to be as good as the best past champion",
    ("slices", "reject"): "it is significantly worse in a slice",
    ("floors", "reject"): "it is below a floor",
    ("floors", "hold"): "it is not shown to reach a floor",
    ("must-pass", "reject"): "a case that must pass fails",
    ("must-pass", "hold"): "a case that must pass was not measured",
    ("forgetting", "reject"): "it has lost general skills of the base model",
    ("forgetting", "hold"): "it is not shown to keep the general skills of the base model",
    ("judge", "reject"): "it is worse by the judge",
    ("human", "reject"): "it is worse by people's verdicts",
    ("human", "hold"): "people have not judged enough answers",
    ("live", "reject"): "it is worse for users",
    ("live", "hold"): "the A/B test has not decided yet",
    ("against", "reject"): "it is worse than the earlier run",
    ("against", "hold"): "it is not shown to be as good as the earlier run",
}
_ENDS = {0: "PASSED", 1: "FAILED", 2: "INTERRUPTED", 10: "HOLD", 11: "INTEGRITY", DRIFT: "DRIFT"}


@dataclass(frozen=True, slots=True)
class Headline:
    """word: the verdict. subject: task and version. sentence: with its reason. lines: more of it. next: what to do;
    command: what to type.
    """

    word: str
    subject: str
    sentence: str
    tone: str
    lines: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    next: str = ""
    command: str = ""


def headlines(report: RunReport) -> list[Headline]:
    """One for each pipeline or champion, or one for the whole run."""
    found = [*(_of_verdict(report, verdict) for verdict in report.verdicts), *map(_of_night, report.nights)]
    return found or [_of_run(report)]


def banner(report: RunReport) -> Markup:
    """The first screen but for its plots."""
    failed = report.failed if report.verdicts or report.nights else 0
    return rendered("verdict.html.j2", headlines=headlines(report), tiles=list(_tiles(report)), failed=failed)


def _of_verdict(report: RunReport, verdict: Mapping[str, Any]) -> Headline:
    kind, version = verdict["verdict"], verdict["version"]
    proposed = kind == "PROMOTE" and verdict.get("proposed")
    word = "PROPOSED" if proposed else _WORDS.get(kind, kind)
    subject = verdict["task"] + (f" v{version}" if version else "")
    first, *more = str(verdict["reason"]).split("\n")
    explained = verdict.get("beside", ())
    lines = (*(line.strip() for line in more), *explained)
    sentence = _sentence(_checks_of(report, verdict), kind, first, proposed=bool(proposed))
    command = f"ftgate {'promote' if proposed else 'serve'} {verdict['task']}" if kind == "PROMOTE" else ""
    command += f" v{version}" if proposed else ""
    step = _NEXT[kind].format(task=verdict["task"])
    warnings = tuple(verdict.get("warnings", ()))
    tone = TONES.get(kind, "bad")
    if tone == "good" and report.code and len(report.verdicts) == 1:
        tone = "warn"
    return Headline(word, subject, sentence, tone, lines, warnings, step, command)


def _checks_of(report: RunReport, verdict: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those of the golden sets of the pipeline; of all where the run knows only one."""
    sets = {name for fact in report.pipelines if fact["task"] == verdict["task"] for name in _sets_of(fact)}
    alone = len(report.verdicts) == 1
    found = [checks for name, checks in report.checks.items() if name in sets or alone]
    return [check for checks in found for check in checks if not check["advisory"]]


def _sets_of(fact: Mapping[str, Any]) -> tuple[str, ...]:
    return *fact.get("goldens", ()), *([fact["general"]] if fact.get("general") else [])


_NEXT = {
    "PROMOTE": "",
    "UNCHANGED": "change the data or the configuration of {task}, then train again",
    "HOLD": "add golden cases or improve the data of {task}, then train again",
    "REJECT": "improve the data or the configuration of {task}, then train again",
    "INTEGRITY": "mend what is named here, then run again",
}


def _sentence(checks: Sequence[Mapping[str, Any]], kind: str, reason: str, *, proposed: bool) -> str:
    if kind == "UNCHANGED":
        return "This training gives the champion itself; there is nothing to promote."
    if kind == "PROMOTE":
        what = "It passed the gate and is registered; the champion stays" if proposed else "It is the champion now"
        told = [text for check in checks if (text := _passed(check))]
        return f"{what}: it is {_and(told)}." if told else f"{what}: all {len(checks)} gate checks passed."
    failed = _failed(checks)
    if not failed:
        return f"Not promoted: {reason}"
    return f"Not promoted: {_and(list(map(_told, failed)))}."


def _failed(checks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of the gravest status."""
    worst = next((status for status in GRAVEST_FIRST if any(check["status"] == status for check in checks)), "")
    return [check for check in checks if check["status"] == worst]


def _told(check: Mapping[str, Any]) -> str:
    name, numbers = check["check"], check["numbers"]
    text = _SHOWN.get((name, check["status"]))
    if text is None or ("gain" not in numbers and name not in _WITHOUT_GAIN):
        return str(check["reason"])
    if name == "floors" and (missed := list(_missed_floors(check))):
        return f"{text} ({'; '.join(missed)})"
    if "gain" not in numbers:
        return f"{text} ({str(check['reason']).removeprefix(f'{name}: ')})"
    return f"{text} ({_evidence(check)})"


def _missed_floors(check: Mapping[str, Any]) -> Iterator[str]:
    for floor in floors_of(check):
        if floor.tone != "good":
            yield told_floor(floor)


_WITHOUT_GAIN = {"slices", "floors", "must-pass", "human", "live"}


def _evidence(check: Mapping[str, Any]) -> str:
    """Such as "-16.7 points, between -28.1 and -5.4; limit -5.0"."""
    numbers = check["numbers"]
    text = f"{points(numbers['gain'])} points, between {points(numbers['lower'])} and {points(numbers['upper'])}"
    limit = limit_of(check)
    return f"{text}; limit {points(limit)}" if limit else text


def _passed(check: Mapping[str, Any]) -> str:
    numbers = check["numbers"]
    if check["status"] != "pass" or "gain" not in numbers:
        return ""
    if check["check"] == "baseline":
        return f"{points(numbers['gain']).lstrip('+')} points better than the base model"
    if check["check"] == "champion":
        return f"not worse than the champion before it ({points(numbers['gain'])} points)"
    return ""


def _and(parts: Sequence[str]) -> str:
    return ", and ".join(filter(None, ["; ".join(parts[:-1]), *parts[-1:]]))


def _of_night(night: Mapping[str, Any]) -> Headline:
    kind, version = night["kind"], night["version"]
    tone = {"steady": "good", "none": "warn", "incomplete": "warn", "unknown": "warn"}.get(kind, "bad")
    subject = night["task"] + (f" v{version}" if version else "") + (f", {night['of']}" if "of" in night else "")
    word = "NOTHING TO WATCH" if kind == "none" else kind.upper()
    lines = tuple(night.get("done", ()))
    return Headline(word, subject, f"{str(night['reason'])[:1].upper()}{str(night['reason'])[1:]}.", tone, lines)


def _of_run(report: RunReport) -> Headline:
    """A run that decides no promotion: by its exit code, and by what the gate says."""
    checks = [check for found in report.checks.values() for check in found if not check["advisory"]]
    failed = [] if report.code == 0 else _failed(checks)
    word = _ENDS.get(report.code, f"EXIT CODE {report.code}")
    if word == "FAILED" and any(check["status"] == "reject" for check in failed):
        word = "REJECT"
    sets = ", ".join(dict.fromkeys(fact["set"] for fact in report.sets))
    if _nothing_measured(report, failed):
        told = _and(["Nothing could be measured, so nothing is known of the model", *unmeasured(report)])
        return Headline("NOT MEASURED", sets, f"{told}.", "warn", tuple(report.unasked))
    scores = _and([text for text in map(_score, report.scores) if text])
    several = len({check["set"] for check in checks}) > 1
    why = _and([f"{check['set']}: {_told(check)}" if several else _told(check) for check in failed])
    told = "; ".join(filter(None, [why or scores, *wrong(report), *unmeasured(report)]))
    if told and (others := other_tests(report)):
        told += f"; {others} other {'test' if others == 1 else 'tests'} failed"
    sentence = f"{told[:1].upper()}{told[1:]}." if told else _bare(report)
    lines = (*report.unasked, *(_reached(checks) if word == "PASSED" else ()))
    return Headline(word, sets, sentence, TONES.get(word, "bad"), lines, tuple(_lost(report)))


def _reached(checks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The floors, so that a reader knows what was asked of the model."""
    for check in checks:
        yield from (f"floor of {check['set']} reached: {told_floor(floor)}" for floor in floors_of(check))


def _lost(report: RunReport) -> Iterator[str]:
    """Slices that got worse since the run before, which the score of the whole set does not show."""
    for change in report.changed:
        if worse := worse_slices(change):
            yield f"{change['title']} is significantly worse than in the run before on {_and(worse)}."


def _nothing_measured(report: RunReport, failed: Sequence[Mapping[str, Any]]) -> bool:
    """No case has a grade, as the server was down or the key was refused: that is no evidence against the model."""
    if any(score["n"] for score in report.scores) or any(check["status"] == "reject" for check in failed):
        return False
    return bool(report.unasked) or any(score["failed"] for score in report.scores)


def _bare(report: RunReport) -> str:
    """Where no golden set was measured."""
    if failed := [each for each in report.data if each["level"] == "error"]:
        told = "; ".join(f"{each['task']}: the data check {each['check']} failed: {each['text']}" for each in failed)
        return told.removesuffix(".") + ("; nothing was trained." if report.train and not report.pipelines else ".")
    if report.data:
        warned = sum(each["level"] == "warning" for each in report.data)
        return f"{len(report.data)} data check{'' if len(report.data) == 1 else 's'}: no error, {warned} with warnings."
    return f"{report.failed} tests failed." if report.failed else "No test failed."


def _score(score: Mapping[str, Any]) -> str:
    metric = next(iter(score["metrics"]), None)
    if metric is None:
        return ""
    measured = f"{metric['name']} {share(metric['value'])} on {cases(metric['n'])} of {score['set']}"
    return f"{measured} by {score['title']}"


def _tiles(report: RunReport) -> Iterator[dict[str, str]]:
    """Score, difference, changed cases and resolution of the first golden sets."""
    general = {fact.get("general") for fact in report.pipelines}
    deciding = [fact for fact in report.sets if fact["set"] not in general]
    for fact in deciding[:2]:
        name = fact["title"] if len(deciding) > 1 else ""
        yield from (tile | {"set": name} for tile in _of_set(report, fact))
    for fact in {fact["set"]: fact for fact in deciding[:2]}.values():
        if (found := fact["resolution"]["found"]) is not None:
            note = f"true difference found 4 times in 5, n = {count(fact['cases'])}"
            seen = {"name": "smallest difference it can see", "value": f"{100 * found:.1f} points", "note": note}
            yield seen | {"set": fact["set"] if len(deciding) > 1 else ""}


def _of_set(report: RunReport, fact: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    score = next((each for each in report.scores if each["set"] == fact["title"] and each["metrics"]), None)
    if score is not None:
        metric = score["metrics"][0]
        low, high = share(metric["lower"]), share(metric["upper"])
        yield {"name": metric["name"], "value": share(metric["value"]), "note": f"{low} to {high}, n = {metric['n']:,}"}
        if score["failed"]:
            note = "no grade: they say nothing of the model"
            yield {"name": "not measured", "value": count(score["failed"]), "note": note}
    for check in report.checks.get(fact["title"], ()):
        if check["check"] in {"champion", "baseline"} and "gain" in check["numbers"]:
            numbers = check["numbers"]
            note = f"{points(numbers['lower'])} to {points(numbers['upper'])}"
            against = {"champion": "against the champion", "baseline": "against the base model"}[check["check"]]
            yield {"name": against, "value": f"{points(numbers['gain'])} points", "note": note}
