"""Names and docstrings of metrics -> their page."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from math import ceil, log

from pytest_ftgate.evaluate.metrics_view import SetMetrics
from pytest_ftgate.metrics.base import Metric
from pytest_ftgate.metrics.compute import NAMES
from pytest_ftgate.metrics.latency_cost import COST, QUANTILES
from tools.reference.markdown import code, docstring, entries_of, escaped, meaning_of, page, table

INTRO = (
    "A metric can be a floor of the gate (`[[gate.floor]] metric = ...`, with `min`, or with `max` for "
    'latency and cost), and a number in a test: `metrics.recall("spam").lower`. Precision, recall, F1 and'
    " MCC need `[label]` in golden.toml. Bounds are one-sided at 95 % each."
)
ALL = (*NAMES, *QUANTILES, COST)


def metrics_page() -> str:
    """The metrics, and the fields of each number."""
    shown = table(["metric", "in a test", "meaning"], map(_row, (*ALL, "confusion")))
    numbers = table(["field", "meaning"], _fields())
    return page("Metrics", INTRO, shown, "## Fields of a metric", numbers)


def _row(name: str) -> tuple[str, ...]:
    method = getattr(SetMetrics, name, None)
    if method is None:
        share = QUANTILES[name]
        least = ceil(log(0.05) / log(share))
        text = f"{100 * share:.0f} % of the responses took no longer, in milliseconds."
        return code(name), "", f"{text} `upper` is infinite below {least} responses."
    wanted = [str(each).split(":")[0] for each in inspect.signature(method).parameters.values() if each.name != "self"]
    return code(name), code(f"metrics.{name}({', '.join(wanted)})"), escaped(docstring(method))


def _fields() -> Iterator[tuple[str, str]]:
    for name in inspect.signature(Metric).parameters:
        yield code(name), meaning_of(name, entries_of(docstring(Metric)), "Metric")
