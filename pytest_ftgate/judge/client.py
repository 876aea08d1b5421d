"""(JudgeSpec, providers) -> JudgeClient: asks the judge each question once, many at a time; verdicts and counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.judge.parse import Invalid, Verdict, read_choice, read_verdict
from pytest_ftgate.judge.prompt import TOOL, Question, build
from pytest_ftgate.judge.votes import joined
from pytest_ftgate.serve.api.request import NO_CALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_ftgate.judge.spec import JudgeSpec
    from pytest_ftgate.serve.api.request import ApiReply, ApiRequest
    from pytest_ftgate.serve.api.settings import Settings

_ABOUT = "Give the verdict. The only way to answer."
_NO_TOOLS = '; if the server has no tool calls, set structured = "json_schema" in [judge]'


class Asking(Protocol):
    """What a judge client needs of a provider."""

    def estimate(self, asks: Iterable[ApiRequest], batch: bool = False) -> float:
        """Dollars that the asks may cost which are not answered yet."""

    def ask_all(self, asks: Iterable[ApiRequest], batch: bool = False) -> Iterator[ApiReply]:
        """What each Ask got, in their order."""


@dataclass(frozen=True, slots=True)
class NoVerdict:
    """The judge said nothing that counts. broken: nobody answered (server, budget), so it may be asked another time."""

    why: str
    broken: bool = False


Judgement = Verdict | NoVerdict


@dataclass(slots=True)
class Counts:
    """What a judge client did. questions: judged, each counted once. unscored: without a verdict after the second try.

    again: votes asked for a second time. refused, invalid: votes that were none, each try counted. broken: questions
    that nobody answered. reasons: why the unscored ones are, with how many of them.
    """

    questions: int = 0
    unscored: int = 0
    again: int = 0
    refused: int = 0
    invalid: int = 0
    broken: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Share of the questions that are unscored; 0 of none."""
        return self.unscored / self.questions if self.questions else 0.0

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return asdict(self)


@dataclass
class JudgeClient:
    """One judge at work.

    provider: opens, or finds open, the provider of a panel member's settings. allow: told what is about to be spent at
    most; may raise. flipped: by the digest of each pair that was compared, whether its two orders disagreed.
    """

    spec: JudgeSpec
    provider: Callable[[Settings], Asking]
    _batch: bool = False
    allow: Callable[[Settings, float], None] = lambda _settings, _dollars: None
    counts: Counts = field(default_factory=Counts)
    _known: dict[str, Judgement] = field(default_factory=dict)
    _asked: dict[str, Question] = field(default_factory=dict)
    _denied: FtgateError | None = None
    flipped: dict[str, bool] = field(default_factory=dict)

    def ask(self, questions: Iterable[Question]) -> None:
        """Ask what was not asked yet, all at once, and wait.

        Raises FtgateError where the server denies the key or the money is not agreed to; then nothing is sent
        that had not been sent.
        """
        new = {each.digest: each for each in questions if each.digest not in self._known}
        if not new:
            return
        if self._denied is not None:
            raise self._denied
        try:
            self._ask_new(new)
        except FtgateError as error:
            self._denied = error
            raise

    def _ask_new(self, new: Mapping[str, Question]) -> None:
        for settings, asks in self.asks(new.values()).items():
            self.allow(settings, self.provider(settings).estimate(asks, batch=self._batch))
        votes = [self._votes(settings, list(new.values())) for settings in self.spec.panel]
        for place, (digest, question) in enumerate(new.items()):
            self._known[digest] = self._judgement(question, [vote for each in votes for vote in each[place]])
            self._asked[digest] = question

    def seen(self) -> Iterator[tuple[Question, Verdict]]:
        """Every question with a verdict so far."""
        for digest, question in self._asked.items():
            if isinstance(judgement := self._known[digest], Verdict):
                yield question, judgement

    def judgement(self, question: Question) -> Judgement:
        """What the judge says; asked for now if it was not heard yet. Raises ProviderError."""
        self.ask([question])
        return self._known[question.digest]

    def judgements(self, questions: Sequence[Question]) -> list[Judgement]:
        """What the judge says of each, asked all at once. Raises ProviderError."""
        self.ask(questions)
        return [self._known[each.digest] for each in questions]

    @property
    def batch(self) -> bool:
        """Whether questions are sent as message batches: cheaper, and within a day."""
        return self._batch

    @property
    def known(self) -> Mapping[str, Judgement]:
        """All judgements so far by the question's digest."""
        return self._known

    def _judgement(self, question: Question, votes: Sequence[Verdict | NoVerdict]) -> Judgement:
        """All votes must be there: what is left when some are missing is another judge."""
        self.counts.questions += 1
        missing = [vote for vote in votes if isinstance(vote, NoVerdict)]
        if not missing:
            said = [vote for vote in votes if isinstance(vote, Verdict)]
            return joined(said, self.spec.rubric, self.spec.join, pair=question.pair)
        broken = [vote for vote in missing if vote.broken]
        self.counts.broken += bool(broken)
        if not broken:
            self.counts.unscored += 1
            self.counts.reasons[missing[0].why] = self.counts.reasons.get(missing[0].why, 0) + 1
        return (broken or missing)[0]

    def _votes(self, settings: Settings, questions: Sequence[Question]) -> list[list[Verdict | NoVerdict]]:
        """For each question the votes of one model, one for each repeat."""
        asks = [self._ask(settings, each, repeat) for each in questions for repeat in range(self.spec.repeats)]
        pairs = [each.pair for each in questions for _ in range(self.spec.repeats)]
        provider = self.provider(settings)
        votes = [self._vote(settings, said, pair) for said, pair in zip(self._said(provider, asks), pairs, strict=True)]
        again = [place for place, vote in enumerate(votes) if isinstance(vote, NoVerdict) and not vote.broken]
        self.counts.again += len(again)
        second = self._said(provider, [asks[place].again() for place in again])
        for place, said in zip(again, second, strict=True):
            votes[place] = self._vote(settings, said, pairs[place])
        return [votes[start : start + self.spec.repeats] for start in range(0, len(votes), self.spec.repeats)]

    def _said(self, provider: Asking, asks: Sequence[ApiRequest]) -> list[ApiReply]:
        return list(provider.ask_all(asks, batch=self._batch)) if asks else []

    def asks(self, questions: Iterable[Question]) -> dict[Settings, list[ApiRequest]]:
        """What would be sent for the questions that are not known yet, by the settings of its provider."""
        new = [each for each in questions if each.digest not in self._known]
        return {
            settings: [self._ask(settings, each, repeat) for each in new for repeat in range(self.spec.repeats)]
            for settings in self.spec.panel
        }

    def _ask(self, settings: Settings, question: Question, repeat: int) -> ApiRequest:
        from pytest_ftgate.serve.api.request import Tool

        prompt = build(self.spec.rubric, question)
        messages = [{"role": "user", "content": prompt.user}]
        return settings.ask([prompt.system], messages, Tool(TOOL, _ABOUT, prompt.schema), repeat=repeat)

    def _vote(self, settings: Settings, said: ApiReply, pair: bool) -> Verdict | NoVerdict:
        if said.kind in {"failed", "budget"}:
            return NoVerdict(said.error or "no answer", broken=True)
        if said.kind == "refused":
            self.counts.refused += 1
            return NoVerdict("the judge refused twice")
        read = _read(said, self.spec, pair=pair)
        if isinstance(read, Verdict):
            return read
        self.counts.invalid += 1
        hint = _NO_TOOLS if settings.structured == "tools" and said.error.startswith(NO_CALL) else ""
        return NoVerdict(f"invalid verdict twice: {read.why}{hint}")


def _read(said: ApiReply, spec: JudgeSpec, *, pair: bool) -> Verdict | Invalid:
    if said.kind == "invalid":
        return Invalid(said.error or "not what the tool's schema allows")
    return read_choice(said.input) if pair else read_verdict(said.input, spec.rubric)
