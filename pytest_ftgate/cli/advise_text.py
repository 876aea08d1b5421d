"""What `ftgate advise` found -> its tables, and the advice with its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import say, table
from pytest_ftgate.cli.cost import compared_prices
from pytest_ftgate.gate.checks.result import points
from pytest_ftgate.pipeline.advice.measure import difference, failed, metric_or_why
from pytest_ftgate.pipeline.advice.rules import UNMEASURED, Advice, gap_of
from pytest_ftgate.pipeline.advice.worth import Worth

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.metrics.base import Metric
    from pytest_ftgate.pipeline.advice.aim import Aim
    from pytest_ftgate.pipeline.advice.findings import Findings
    from pytest_ftgate.pipeline.advice.prompts import Way

GUIDE = "docs: When not to fine-tune"
NOT_COUNTED = "this run decides nothing: it does not count as a use of the golden sets"


def tell(found: Findings, advice: Advice, prices: Path) -> None:
    """Print the numbers, then what follows from them."""
    for line in (*_scores(found), *_differences(found), *_cost(found, prices), *_advice(found, advice)):
        say(line)


def _scores(found: Findings) -> Iterator[str]:
    """A row for each prompt and for the reference, a column for the validation rows and for each metric of a set."""
    aims = [(suite.name, aim) for suite in found.suites for aim in found.measured.aims[suite.name]]
    chooser, whys = found.measured.chooser, list[str]()
    rows = [["", f"{chooser.name}, validation", *(f"{aim.name}, {name}" for name, aim in aims)]]
    for way, evaluation in found.measured.validation.items():
        asked = [(evaluation, chooser), *((found.measured.goldens[name].get(way), aim) for name, aim in aims)]
        mark = " *" if way == found.measured.best else ""
        rows.append([f"{way.name}{mark}", *(_cell(*each, way.name, whys) for each in asked)])
    if found.reference_name:
        validation = next(iter(found.measured.validation.values())).suite.name
        places = [(validation, chooser), *aims]
        rows.append([found.reference_name, *(_shown(found.reference_of(*each)) for each in places)])
        whys += [
            f"{found.reference_name}, {name}: {why}" for name, each in found.reference.items() if (why := failed(each))
        ]
    yield from table(rows, "  ")
    yield f"  * the best prompt on the validation rows{_instead(found)}; the golden sets choose nothing"
    yield "  [lower, upper]: bounds, each one-sided at 95 %"
    yield from (f"  {why}" for why in dict.fromkeys(whys))


def _instead(found: Findings) -> str:
    return f", by accuracy ({found.measured.instead})" if found.measured.instead else ""


def _cell(evaluation: Evaluation | None, aim: Aim, name: str, whys: list[str]) -> str:
    """Nothing of a prompt that was not asked; why there is no value goes below the table."""
    if evaluation is None:
        return ""
    metric = metric_or_why(evaluation, aim)
    if isinstance(metric, str):
        whys.append(f"{name}, {evaluation.suite.name}: {metric}")
        return "not measured"
    return _shown(metric)


def _shown(metric: Metric | None) -> str:
    if metric is None:
        return "not measured"
    return f"{metric.value:.3f} [{metric.lower:.3f}, {metric.upper:.3f}] (n = {metric.n:,})"


def _differences(found: Findings) -> Iterator[str]:
    """Of the grades of the same cases: the other prompts against zero-shot."""
    for suite in found.suites:
        ways = found.measured.goldens[suite.name]
        zero, *others = ways
        for way in others:
            yield _difference(found, suite.name, way, zero)


def _difference(found: Findings, name: str, way: Way, zero: Way) -> str:
    ways = found.measured.goldens[name]
    pairs = difference(ways[way], ways[zero])
    if pairs is None:
        return f"  {name}: {way.name} and {zero.name}: no case has a grade for both"
    lower, upper = pairs.bounds
    decided = "" if lower > 0 or upper < 0 else "not decided: "
    bounds = f"[{points(lower)}, {points(upper)}]"
    return f"  {name}: {way.name} against {zero.name}: {decided}{points(pairs.gain)} points {bounds} {pairs}"


def _cost(found: Findings, prices: Path) -> Iterator[str]:
    if isinstance(found.worth, Worth):
        worth = found.worth
        yield "cost of a fine-tuned model, at the tokens and the speed of the base model (its training left out):"
        yield from (f"  {line}" for line in compared_prices(worth.tuned, worth.few_shot, worth.prices, worth.served))
    elif found.worth:
        yield f"cost: not compared: {found.worth}"
    else:
        yield f"cost: not compared: no {prices} (--prices FILE; `ftgate cost --help`)"


def _advice(found: Findings, advice: Advice) -> Iterator[str]:
    suite, aim = found.furthest
    yield (
        f"target: {aim.name} {aim.target:g} on {suite.name} ({aim.told}); gap of the best prompt "
        f"{gap_of(found.situation)}"
    )
    yield ""
    yield f"advice: {advice.rule.name.upper()}"
    yield f"  {advice.because}"
    yield f"  {advice.rule.then}"
    yield from (f"  {note}" for note in advice.notes)
    yield f"  not measured here, and reasons against a fine-tune too ({GUIDE}):"
    yield from (f"    {short}" for short, _ in UNMEASURED)
    yield f"  ({NOT_COUNTED})"
