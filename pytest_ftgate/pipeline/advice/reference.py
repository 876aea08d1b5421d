"""(golden set, a model behind a paid API) -> Evaluation: what a strong model makes of the same cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_ftgate.data.pii.credentials import credential_spans
from pytest_ftgate.data.pii.personal import personal_spans
from pytest_ftgate.errors import ProviderError
from pytest_ftgate.evaluate.evaluation import Evaluation
from pytest_ftgate.evaluate.responses import Responses
from pytest_ftgate.golden.case import answer_text, is_script, render
from pytest_ftgate.serve.client.completion import CUT_OFF
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.response import Response

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.journal import Journal
    from pytest_ftgate.evaluate.responses import Repeat
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case, Prompt
    from pytest_ftgate.serve.api.client import Provider
    from pytest_ftgate.serve.api.request import ApiReply, ApiRequest
    from pytest_ftgate.serve.api.settings import Settings


def unaskable(suite: Suite) -> str:
    """Why a paid API is not asked this set, "" if it can be: it is sent texts, one question at a time."""
    if suite.golden.request.tools or any(case.tools for case in suite.cases):
        return "its cases offer tools"
    if any(is_script(case.input) for case in suite.cases):
        return "its cases are scripts of several turns"
    return ""


def holds_personal_data(case: Case) -> bool:
    """Whether what is sent of a case holds personal data, or a secret."""
    text = answer_text(case.input)
    return bool(personal_spans(text) or any(True for _ in credential_spans(text)))


class Reference:
    """A model that is asked with the set's own prompt. Its replies are kept: what was asked once is not paid twice."""

    def __init__(self, settings: Settings, provider: Provider) -> None:
        self._settings, self._provider = settings, provider
        self.model = Model(settings.model, served=True)

    def estimate(self, asked: Iterable[tuple[Suite, Prompt]]) -> float:
        """Dollars that the cases may cost which are not answered yet, if each answer is as long as it may be."""
        return self._provider.estimate(ask for suite, prompt in asked for _, ask in self._asks(suite, prompt))

    def evaluation(self, suite: Suite, prompt: Prompt, journal: Journal) -> Evaluation:
        """All cases, answered and ready to be graded; nothing is journalled. Raises ProviderError."""
        responses = Responses(suite, self.model.digest, journal, prompt=prompt)
        asks = self._asks(suite, prompt)
        replies = self._provider.ask_all([ask for _, ask in asks])
        answers = {
            responses.asked(case, repeat): response_of(case, repeat, self.model.digest, reply)
            for ((case, repeat), _), reply in zip(asks, replies, strict=True)
        }
        responses.recall([repeat for repeat, _ in asks], _Replies(answers))
        return Evaluation(responses)

    def _asks(self, suite: Suite, prompt: Prompt) -> Sequence[tuple[Repeat, ApiRequest]]:
        request = suite.golden.request
        return [
            ((case, repeat), self._ask(render(prompt, case.input), request.max_tokens, repeat))
            for case in suite.cases
            for repeat in range(request.repeats)
        ]

    def _ask(self, messages: Sequence[Mapping[str, str]], max_tokens: int, repeat: int) -> ApiRequest:
        system = [turn["content"] for turn in messages if turn["role"] == "system"]
        turns = [turn for turn in messages if turn["role"] != "system"]
        return self._settings.ask(system, turns, max_tokens=max_tokens, repeat=repeat)


class _Replies:
    """The answers of the API in the form of a cache, which `Responses` takes them from."""

    place = "the replies of the reference model"

    def __init__(self, answers: Mapping[str, Response]) -> None:
        self._answers = answers

    def get(self, keys: Sequence[str]) -> dict[str, Response]:
        """See Cache."""
        return {key: self._answers[key] for key in keys if key in self._answers}

    def put(self, answers: Mapping[str, Response]) -> None:
        """They are kept by the provider."""


def response_of(case: Case, repeat: int, model: str, said: ApiReply) -> Response:
    """A refusal and an empty answer are the model's own, and wrong; no answer is not measured.

    Raises ProviderError if the money is spent.
    """
    if said.kind == "budget":
        raise ProviderError(f"the reference model was not asked everything: {said.error}; raise --reference-budget")
    if said.kind == "failed":
        return Response(case.id, model, "", "error", repeat, error=said.error)
    tokens = said.usage
    return Response(
        case.id,
        model,
        said.text,
        "length" if said.stop_reason in CUT_OFF else "stop",
        repeat,
        prompt_tokens=tokens.input + tokens.cache_read + tokens.cache_write,
        completion_tokens=tokens.output,
        stop_reason=said.stop_reason,
    )
