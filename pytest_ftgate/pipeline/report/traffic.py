"""Answers of a run -> how fast they came and from where, as JSON values and as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pytest_ftgate.metrics.latency_cost import quantile_of

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.metrics.latency_cost import Price
    from pytest_ftgate.serve.response import Response

SHARES = (0.5, 0.95, 0.99)
KINDS = {
    "rate_limited": "rate limited",
    "overloaded": "overloaded",
    "server_error": "server error",
    "timeout": "timeout",
    "connection": "connection error",
    "denied": "denied",
    "refused": "refused",
    "filtered": "filtered",
}


def traffic(evaluation: Evaluation) -> dict[str, Any]:
    """Of one golden set: answers by where they came from, and p50, p95, p99 of those that a model gave.

    queue_ms: from planning to sending. ttft_ms: to the first token, only of streamed answers. total_ms: sending to end.
    tokens_per_s: after the first token if streamed; that 50, 95 and 99 % of the answers reach at least. What broke or
    ran out of time has no speed. Answers of the journal count with the times they had then; those of a cache do not.
    cost_per_1k: mean price of 1,000 requests, None without prices or without counts of tokens.
    """
    came = evaluation.responses.traffic
    timed = [answer for origin in ("model", "journal") for answer in came[origin]]
    timed = [answer for answer in timed if answer.finish_reason in ("stop", "length")]
    return {
        "set": evaluation.suite.title,
        **{origin: len(answers) for origin, answers in came.items()},
        "queue_ms": _quantiles([1000 * answer.queue_s for answer in timed]),
        "ttft_ms": _quantiles([1000 * answer.ttft_s for answer in timed if answer.ttft_s]),
        "total_ms": _quantiles([1000 * answer.total_s for answer in timed]),
        "cost_per_1k": _cost(timed, evaluation.suite.golden.price),
        "tokens_per_s": [-rate for rate in _quantiles([-rate for rate in _rates(timed)])],
    }


def _quantiles(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    return [round(quantile_of(ordered, share), 2) for share in SHARES] if ordered else []


def _cost(answers: Sequence[Response], price: Price | None) -> float | None:
    counted = [answer for answer in answers if answer.prompt_tokens + answer.completion_tokens]
    return 1000 * fmean(map(price.of, counted)) if price and counted else None


def _price(each: Mapping[str, Any]) -> str:
    cost = each.get("cost_per_1k")
    return "" if cost is None else f"; cost of 1,000 requests {cost:.4g}"


def _rates(answers: Sequence[Response]) -> Iterator[float]:
    for answer in answers:
        spent = answer.total_s - answer.ttft_s
        if answer.completion_tokens and spent > 0:
            yield answer.completion_tokens / spent


def traffic_lines(sets: Sequence[Mapping[str, Any]], counts: Mapping[str, int]) -> Iterator[str]:
    """For the end of a run: what was sent and retried, and a line for each golden set."""
    told = [each for each in sets if each["model"] or each["journal"] or each["cache"]]
    if told or counts:
        yield f"requests: {_counted(counts)}"
    if counts.get("limited"):
        yield f"rate limited: {_limited(counts)}"
    width = max([11, *(len(each["set"]) for each in told)])
    for each in told:
        yield f"  {each['set']:<{width}} {_origins(each)}{_speed(each)}{_price(each)}"


def _counted(counts: Mapping[str, int]) -> str:
    if not counts:
        return "no requests"
    sent = f"{counts.get('finished', 0)} answered, {counts.get('failed', 0)} failed, {counts.get('retries', 0)} retries"
    kinds = ", ".join(f"{counts[kind]} {name}" for kind, name in KINDS.items() if counts.get(kind))
    return f"{sent} ({kinds})" if kinds else sent


def _limited(counts: Mapping[str, int]) -> str:
    """How much the server slowed the run down, see `Window.to_json`."""
    rate = counts.get("answered_per_minute")
    parts = [
        f"{_times(counts['limited'])} by the server, {counts['limited_ms'] / 1000:.0f} s waited",
        f"window {counts['window_from']} -> {counts['window_to']}",
        *([f"about {rate} answers a minute"] if rate else []),
        "set [request] requests_per_minute",
    ]
    return "; ".join(parts)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _origins(each: Mapping[str, Any]) -> str:
    place = f" ({each['place']})" if each.get("place") else ""
    named = {"model": "by the model", "journal": "from the journal", "cache": f"from the cache{place}"}
    return ", ".join(f"{each[origin]} {text}" for origin, text in named.items() if each[origin])


def _speed(each: Mapping[str, Any]) -> str:
    named = {"total_ms": "total {} ms", "queue_ms": "queue {} ms", "ttft_ms": "first token {} ms"}
    parts = [text.format(_shown(each[key])) for key, text in named.items() if each[key]]
    if each["tokens_per_s"]:
        parts.append(f"{_shown(each['tokens_per_s'])} tokens/s")
    return f"; p50/p95/p99: {', '.join(parts)}" if parts else ""


def _shown(values: Sequence[float]) -> str:
    return "/".join(f"{value:.0f}" if value >= 10 else f"{value:.1f}" for value in values)
