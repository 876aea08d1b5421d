"""(near pairs, a provider) -> what a model says of each, and the lines for a person: advice, never a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_ftgate.errors import ProviderError
from pytest_ftgate.leakage.pair_prompt import ABOUT_TOOL, TOOL, VERDICTS, build
from pytest_ftgate.leakage.semantic import Nearest, shown

if TYPE_CHECKING:
    from pytest_ftgate.serve.api.client import Provider
    from pytest_ftgate.serve.api.request import ApiReply, ApiRequest
    from pytest_ftgate.serve.api.settings import Settings

MAX_TOKENS = 512
NOT_JUDGED = "not judged"
_REASON = 400
_WHY = {"refused": "refused", "invalid": "invalid verdict", "failed": "no answer", "budget": "budget exhausted"}


@dataclass(frozen=True, slots=True)
class Judged:
    """verdict: one of VERDICTS, or NOT_JUDGED. reason: the model's, or why there is no verdict."""

    pair: Nearest
    verdict: str
    reason: str


def asks_of(pairs: Sequence[Nearest], settings: Settings) -> list[ApiRequest]:
    """One question for each pair, in their order."""
    return [_ask(pair, settings) for pair in pairs]


def judge_pairs(pairs: Sequence[Nearest], asks: Sequence[ApiRequest], provider: Provider) -> Iterator[Judged]:
    """Each pair with what came of its question. If the server denies key or model, the rest is not judged."""
    answers = provider.ask_all(asks)
    for place, pair in enumerate(pairs):
        try:
            said = next(answers)
        except ProviderError as error:
            yield from (Judged(rest, NOT_JUDGED, str(error)) for rest in pairs[place:])
            return
        yield _judged(pair, said)


def judged_lines(judged: Sequence[Judged], model: str) -> Iterator[str]:
    """The counts, then each pair with its verdict and reason, the worst first."""
    counts = Counter(each.verdict for each in judged)
    told = ", ".join(f"{counts[word]:,} {word}" for word in (*VERDICTS, NOT_JUDGED))
    yield f"judged by {model} (advisory): {told}"
    order = {word: place for place, word in enumerate((*VERDICTS, NOT_JUDGED))}
    for each in sorted(judged, key=lambda each: order[each.verdict]):
        yield f"  {each.pair}"
        yield f"    {each.verdict}: {shown(each.reason, _REASON)}"


def _ask(pair: Nearest, settings: Settings) -> ApiRequest:
    from pytest_ftgate.serve.api.request import Tool

    prompt = build(pair)
    tool = Tool(TOOL, ABOUT_TOOL, prompt.schema)
    return settings.ask([prompt.system], [{"role": "user", "content": prompt.user}], tool, max_tokens=MAX_TOKENS)


def _judged(pair: Nearest, said: ApiReply) -> Judged:
    if said.kind != "answered" or said.input is None:
        return Judged(pair, NOT_JUDGED, f"{_WHY.get(said.kind, said.kind)}: {said.error}")
    return Judged(pair, said.input["verdict"], said.input["reason"])
