"""Situation -> Advice: the rules by which `ftgate advise` says whether to fine-tune, each with its sentence.

The decision guide of the documentation is made of them (`make reference`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf

from pytest_ftgate.data.checks.size import ENOUGH, FEW
from pytest_ftgate.gate.checks.result import more_cases
from pytest_ftgate.pipeline.advice.situation import CLOSE, LEAST_MEASURED, Situation

TESTS = "the best prompt"


@dataclass(frozen=True, slots=True)
class Rule:
    """name: of the advice. when: what must have been measured. then: what to do. holds: whether it was measured.

    because: the numbers behind it, in a sentence.
    """

    name: str
    when: str
    then: str
    holds: Callable[[Situation], bool]
    because: Callable[[Situation], str]


@dataclass(frozen=True, slots=True)
class Advice:
    """The first rule that holds. because: its numbers. notes: what else the numbers say, or do not say."""

    rule: Rule
    because: str
    notes: tuple[str, ...] = ()


def points(share: float) -> str:
    """A share as points, .084 -> "8.4"; never "-0.0"."""
    return f"{round(100 * share, 1) + 0.0:.1f}"


def gap_of(now: Situation) -> str:
    """The gap with its bounds, in points."""
    return f"{points(now.gap)} points [{points(now.least_gap)}, {points(now.most_gap)}]"


def _unmeasured(now: Situation) -> str:
    told = f"only {now.best.n:,} of {now.cases:,} cases of {now.golden} have a grade"
    return f"{told}; {now.failed}" if now.failed else told


def _reached(now: Situation) -> str:
    return f"lower bound {now.best.lower:.3f} >= target {now.target:g} with prompt {now.prompt!r}"


def _not_shown(now: Situation) -> str:
    more = now.cases_until_shown
    cases = f"{more:,} more case" if more == 1 else f"{more or 0:,} more cases"
    told = f"about {cases} would show it" if more else "more cases would not show it"
    at = f"the prompt is at the target ({now.best.value:.3f} >= {now.target:g})"
    return f"not shown: {at}, but its lower bound is {now.best.lower:.3f}; {told}"


def _close(now: Situation) -> str:
    return f"the gap to the target {now.target:g} is {gap_of(now)}, all of it under {100 * CLOSE:g} points"


def _undecided(now: Situation) -> str:
    more = now.cases_more
    settled = more_cases(more) if more else "more cases would not settle it"
    told = f"the gap to the target {now.target:g} is {gap_of(now)}, and {100 * CLOSE:g} points are inside"
    return f"not decided: {told}; {settled}"


def _target(now: Situation) -> str:
    found = now.reference
    bound = f"upper bound {found.upper:.3f} < target {now.target:g}" if found else ""
    return f"{now.reference_name} does not reach the target either: {bound}"


def _limited(now: Situation) -> str:
    return f"{now.rows_there:,} training rows are there, and max_rows = {now.rows:,} of [data] leaves out the others"


def _few_rows(now: Situation) -> str:
    return (
        f"{now.rows_there:,} training rows; {now.rows_missing:,} more are needed for {FEW}, {ENOUGH} or more are better"
    )


def _small(now: Situation) -> str:
    return (
        f"the gap is {gap_of(now)}, and the {now.cases + now.unasked:,} cases of {now.golden} find a difference of "
        f"{points(now.resolution)} points or more (power .80)"
    )


def _api(now: Situation) -> str:
    never = now.break_even == inf
    from_ = "at no volume" if never else f"only from {now.break_even or 0:,.0f} requests a month on"
    return (
        f"{now.reference_name} reaches the target, and serving a model pays {from_}; "
        f"{now.volume or 0:,.0f} requests a month are expected"
    )


def _tune(now: Situation) -> str:
    return f"the gap to the target {now.target:g} is {gap_of(now)}, with {now.rows:,} training rows to close it"


RULES: tuple[Rule, ...] = (
    Rule(
        "measure again",
        f"fewer than {100 * LEAST_MEASURED:g} % of the cases have a grade",
        "Measure again: see why the model, or the API, did not answer.",
        lambda now: now.measured < LEAST_MEASURED,
        _unmeasured,
    ),
    Rule(
        "keep the prompt",
        f"the lower bound of {TESTS} reaches the target",
        "Do not fine-tune: use this prompt. A smaller model may be worth a fine-tune; measure it the same way.",
        lambda now: now.best.lower >= now.target,
        _reached,
    ),
    Rule(
        "not shown",
        f"{TESTS} is at the target or above, but its lower bound is below",
        "Do not fine-tune for this target: keep the prompt, and add golden cases until its lower bound is there too.",
        lambda now: now.gap <= 0,
        _not_shown,
    ),
    Rule(
        "work on the prompt",
        f"the gap from {TESTS} to the target is under {100 * CLOSE:g} points, with its whole interval",
        "Work on the prompt: other words, other examples, constrained answers. A fine-tune costs more than that.",
        lambda now: now.most_gap < CLOSE,
        _close,
    ),
    Rule(
        "not decided",
        f"{100 * CLOSE:g} points are inside the interval of that gap",
        "Work on the prompt first, which is cheap, add golden cases, and ask again.",
        lambda now: now.least_gap < CLOSE,
        _undecided,
    ),
    Rule(
        "look at the target",
        f"the gap is {100 * CLOSE:g} points or more, and the upper bound of the reference model stays below the target",
        "Look at the cases and the target first: what a strong model misses may be wrong, or not in the prompt.",
        lambda now: now.reference_misses,
        _target,
    ),
    Rule(
        "raise max_rows",
        f"the gap is {100 * CLOSE:g} points or more, and `max_rows` of `[data]` leaves under {FEW} rows of more",
        f"Raise `max_rows` to {FEW} or more, or remove it, and ask again.",
        lambda now: now.rows < FEW <= now.rows_there,
        _limited,
    ),
    Rule(
        "collect rows",
        f"the gap is {100 * CLOSE:g} points or more, and there are fewer than {FEW} training rows",
        "Collect rows before you fine-tune.",
        lambda now: now.rows < FEW,
        _few_rows,
    ),
    Rule(
        "write cases",
        "the gap is smaller than what the golden set can see",
        "Write golden cases before you train: a gain of this size could not be shown.",
        lambda now: now.resolution > now.gap,
        _small,
    ),
    Rule(
        "use the API",
        "the reference model reaches the target, and the volume is below the break-even of machines of your own",
        "Use the API: at this volume it costs less than a model that you serve.",
        lambda now: (
            now.reference_reaches
            and now.volume is not None
            and now.break_even is not None
            and now.volume < now.break_even
        ),
        _api,
    ),
    Rule(
        "fine-tune",
        f"the gap is {100 * CLOSE:g} points or more, and no line above applies",
        "A fine-tune is worth trying. Whether it closes the gap, only `pytest --train` can show.",
        lambda _now: True,
        _tune,
    ),
)
"""The first that holds is the advice."""

UNMEASURED: tuple[tuple[str, str], ...] = (
    ("The answers change often.", "What is a fact of today belongs into the prompt, not into weights."),
    (
        "You need the rest of the model.",
        "A fine-tune on one task [forgets](forgetting.md) others. Measure it with `[forgetting]`.",
    ),
    (
        "The label is a matter of opinion.",
        "If people disagree about the right answer, a model cannot learn it. Label a few hundred answers "
        "(`ftgate judge label`) and look at the agreement that `ftgate judge calibrate` prints.",
    ),
)
"""Reasons against a fine-tune that `ftgate advise` cannot measure: (short, long)."""


def advise(now: Situation) -> Advice:
    """The first rule that holds, with its numbers and what else they say."""
    rule = next(rule for rule in RULES if rule.holds(now))
    return Advice(rule, rule.because(now), tuple(_notes(now, rule)))


def _notes(now: Situation, rule: Rule) -> Iterator[str]:
    if FEW <= now.rows < ENOUGH and rule.name in {"fine-tune", "use the API", "write cases"}:
        yield f"{now.rows:,} training rows are enough to try; {ENOUGH} or more are better"
    if now.unasked and rule.name in {"not shown", "not decided"}:
        yield f"{now.unasked:,} cases of {now.golden} were not asked: --limit 0 asks them"
    if now.rows < FEW and rule.name == "not decided":
        needed = f"{now.rows_missing:,} more training rows: there are {now.rows_there:,}"
        yield f"a fine-tune would need {needed}" if now.rows_missing else f"{_limited(now)}: raise it to {FEW} or more"
    if found := now.reference:
        if not now.reference_reaches and not now.reference_misses:
            told = f"{found.value:.3f} [{found.lower:.3f}, {found.upper:.3f}]"
            yield f"whether {now.reference_name} reaches the target is not decided: {told}"
        elif now.reference_reaches and rule.name == "fine-tune" and (now.volume is None or now.break_even is None):
            yield (
                f"{now.reference_name} reaches the target; whether its API costs less is not known: pass "
                "--requests-per-day N and --prices FILE"
            )
