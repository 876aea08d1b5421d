"""(suite, model, journal) -> Responses: requests planned and sent, answers as they arrive, wherever they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_ftgate.evaluate.journal import Answers, Journal, key_of
from pytest_ftgate.evaluate.suite import Suite
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.case import Case, Prompt, digest_of, later_turns, render
from pytest_ftgate.serve.response import Response

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.cache import Cache
    from pytest_ftgate.serve.client.future import Pending
    from pytest_ftgate.serve.client.pool import Pool, Request
    from pytest_ftgate.serve.engine import Asked, Engine
    from pytest_ftgate.serve.model import Model

Repeat = tuple[Case, int]
"""A case and the 0-based number of one of its repeats."""


class Unmeasured(LookupError):  # noqa: N818 - a state of a case, not an error for the user
    """Nobody has asked the model this case, neither in this run nor, under the same digests, before."""


class Responses:
    """What one model says to one golden set: from the model, the journal of earlier runs, or a cache.

    prompt, choices: other than the suite's own for a baseline with its best prompt. reuse: an answer that the journal
    holds under the same digests counts as this run's; without it the journal is only written. regrade: the same, and
    find the answers by what was asked alone, so that graders and expected values may have changed since.
    """

    def __init__(  # noqa: PLR0913 - what can differ between two measurements of one set
        self,
        suite: Suite,
        model_digest: str,
        journal: Journal,
        *,
        prompt: Prompt | None = None,
        choices: tuple[str, ...] = (),
        reuse: bool = False,
        regrade: bool = False,
    ) -> None:
        self.suite = suite
        self.model_digest = model_digest
        self.prompt = prompt or suite.prompt
        self.settings = settings_of(suite, choices)
        self.regrade, self.reuse = regrade, reuse or regrade
        self._journal = journal
        self._sampling = sampling_digest(suite, choices)
        self._by_id = {case.id: case for case in suite.cases}
        self._keys = {case.id: self._keys_of(case) for case in suite.cases}
        self._pending: dict[str, Pending[Response]] = {}
        self._cached: dict[str, Response] = {}
        self._reused: dict[str, Response] = {}

    @cached_property
    def _in_journal(self) -> Answers:
        """What the journal holds; a run that asks every case never reads it."""
        return self._journal.read("asked" if self.regrade else "key")

    @property
    def _before(self) -> dict[str, Response]:
        return self._in_journal.responses

    @property
    def changed_lines(self) -> tuple[str, ...]:
        """Answers of this model in the journal that were edited after they were written, as "path:line".

        They are not used. None if the journal was not read: then it decides nothing.
        """
        if "_in_journal" not in self.__dict__:
            return ()
        changed = self._in_journal.changed
        lines = sorted(changed[key] for keys in self._keys.values() for key in keys if key in changed)
        return tuple(f"{shown(self._journal.path)}:{line}" for line in lines)

    def _keys_of(self, case: Case) -> tuple[str, ...]:
        """The journal's keys of all repeats of a case."""
        repeats = range(self.suite.golden.request.repeats)
        if self.regrade:
            return tuple(self.asked(case, repeat) for repeat in repeats)
        golden, prompt = self.suite.name, self.prompt.digest
        return tuple(
            key_of(golden, case.digest, self.model_digest, prompt, self._sampling, repeat) for repeat in repeats
        )

    def asked(self, case: Case, repeat: int) -> str:
        """Digest of all that decides one answer, and of nothing that judges it (40 hex digits)."""
        return key_of("", case.asked_digest, self.model_digest, self.prompt.digest, self._sampling, repeat)

    def missing(self, cases: Iterable[Case]) -> list[Repeat]:
        """Those repeats of the cases that this run has yet to ask, in order."""
        return [
            (case, repeat)
            for case in cases
            for repeat, key in enumerate(self._keys[case.id])
            if not (key in self._pending or key in self._cached or self._reuses(key))
        ]

    def recall(self, repeats: Iterable[Repeat], cache: Cache) -> int:
        """Take from a cache what it holds of the repeats; the number of answers taken. Raises CacheError."""
        wanted = [(self._keys[case.id][repeat], self.asked(case, repeat), case.id) for case, repeat in repeats]
        found = cache.get([asked for _, asked, _ in wanted])
        taken = {key: replace(found[asked], case_id=case_id) for key, asked, case_id in wanted if asked in found}
        self._cached |= taken
        return len(taken)

    def _bodies(self, offers: frozenset[str], settings: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The request's body for each repeat, apart from model and messages. Raises ServeError."""
        from pytest_ftgate.serve.client.sampling import sampling

        asks = self.suite.golden.request
        stream = asks.stream and "stream" in offers
        return [sampling(**settings, repeat=each, stream=stream, offers=offers) for each in range(asks.repeats)]

    def asks(self) -> Iterator[Asked]:
        """Every conversation of the set as a model will be asked it. Raises PromptError."""
        from pytest_ftgate.serve.engine import Asked

        for case in self.suite.cases:
            later = [{"role": "user", "content": turn} for turn in later_turns(self.prompt, case.input)]
            tools = case.tools or self.settings["tools"]
            most = self.settings["extra"].get("max_completion_tokens", self.settings["max_tokens"])
            answers = int(most) * (1 + len(later))
            yield Asked(f"{self.suite.name}::{case.id}", [*render(self.prompt, case.input), *later], tools, answers)

    def send(self, repeats: Iterable[Repeat], pool: Pool, engine: Engine, model: Model) -> None:
        """Send one request for each of the repeats; returns at once. Raises ServeError."""
        from pytest_ftgate.serve.client.pool import Pace, Request

        asks = self.suite.golden.request
        bodies = self._bodies(engine.offers, self.settings)
        own = {
            case.id: self._bodies(engine.offers, self.settings | {"tools": case.tools})
            for case in self.suite.cases
            if case.tools
        }
        requests = (
            Request(
                self._keys[case.id][repeat],
                case.id,
                render(self.prompt, case.input),
                own.get(case.id, bodies)[repeat],
                asks.timeout_s,
                repeat,
                keeps_reasoning=asks.reasoning == "keep",
                later=later_turns(self.prompt, case.input),
            )
            for case, repeat in repeats
        )
        self._pending |= pool.submit(
            engine.endpoint(model),
            self.model_digest,
            requests,
            on_done=self._keep,
            check=engine.check,
            max_in_flight=engine.max_in_flight,
            pace=Pace(asks.requests_per_minute, asks.tokens_per_minute),
        )

    def _keep(self, finished: Sequence[tuple[Request, Response]]) -> None:
        self._journal.append_all(
            (request.key, response, {"set": self.suite.name, "asked": self._asked_by(request)})
            for request, response in finished
        )

    def _asked_by(self, request: Request) -> str:
        return self.asked(self._by_id[request.case_id], request.repeat)

    def _reuses(self, key: str) -> bool:
        """Take the answer of an earlier run, if that is allowed and there is one."""
        if self.reuse and key not in self._reused:
            earlier = self._before.get(key)
            if earlier is not None and not earlier.broken:
                self._reused[key] = earlier
        return key in self._reused

    def of(self, case: Case) -> tuple[Response, ...]:
        """The answers of all repeats, waited for if they are on their way. Raises Unmeasured."""
        keys = self._keys.get(case.id)
        if keys is None:
            raise Unmeasured(case.id)
        return tuple(map(self._response, keys))

    def _response(self, key: str) -> Response:
        if key in self._pending:
            return self._pending[key].result()
        if key in self._cached:
            return self._cached[key]
        if self._reuses(key):
            return self._reused[key]
        raise Unmeasured(key)

    def arrived(self, *, wait: bool) -> Iterator[tuple[Case, Response]]:
        """All repeats of this run that are answered. wait: also for those that are still on their way."""
        for case in self.suite.cases:
            for key in self._keys[case.id]:
                pending = self._pending.get(key)
                if pending is not None and not wait and (not pending.done() or pending.exception() is not None):
                    continue
                if pending is not None or key in self._cached or key in self._reused:
                    yield case, self._response(key)

    def first(self, case: Case) -> Response:
        """The answer, of several repeats the first; waited for if it is on its way. Raises Unmeasured."""
        return self.of(case)[0]

    def is_cached(self, case: Case) -> bool:
        """Whether an answer to the case was not asked for, but taken from a cache."""
        return bool(self._cached) and any(key in self._cached for key in self._keys[case.id])

    @property
    def traffic(self) -> dict[str, list[Response]]:
        """The answers of this run by where they came from: "model", "journal", "cache"; waits for nothing."""
        asked = [answer.result() for answer in self._pending.values() if answer.done() and answer.exception() is None]
        return {"model": asked, "journal": list(self._reused.values()), "cache": list(self._cached.values())}

    def remember(self, cache: Cache) -> None:
        """Put what the model answered in this run into a cache; not what broke or ran out of time."""
        answers = [response for response in self.traffic["model"] if response.finish_reason in ("stop", "length")]
        cache.put({self.asked(self._by_id[answer.case_id], answer.repeat): answer for answer in answers})

    @property
    def done(self) -> int:
        """How many of the requests sent are answered."""
        return sum(answer.done() for answer in self._pending.values())

    def so_far(self, case: Case) -> tuple[Response, ...]:
        """The answers of all repeats, if this run has them by now; else (). Waits for nothing, reads no journal."""
        found = [self._here(key) for key in self._keys[case.id]]
        return tuple(each for each in found if each is not None) if None not in found else ()

    def _here(self, key: str) -> Response | None:
        pending = self._pending.get(key)
        if pending is None:
            return self._cached.get(key) or self._reused.get(key)
        return pending.result() if pending.done() and pending.exception() is None else None

    def of_or_none(self, case: Case) -> tuple[Response, ...]:
        """As `of`; () for a case that was not asked."""
        try:
            return self.of(case)
        except Unmeasured:
            return ()


def settings_of(suite: Suite, choices: tuple[str, ...]) -> dict[str, Any]:
    """Arguments of `serve.sampling.sampling`."""
    request = suite.golden.request
    return {
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "seed": request.seed,
        "stop": list(request.stop),
        "choices": list(choices or request.choices),
        "response_format": request.response_format,
        "logprobs": request.logprobs,
        "tools": list(request.tools),
        "extra": dict(request.extra),
    }


def sampling_digest(suite: Suite, choices: tuple[str, ...] = ()) -> str:
    """sha256 of all of [request] that decides a response; part of the journal's key."""
    return digest_of({**settings_of(suite, choices), "reasoning": suite.golden.request.reasoning})
