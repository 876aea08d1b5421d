"""(seeds, what is wanted, a provider) -> Made: new rows, none a copy of a seed, another row or a golden."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pytest_ftgate.data.readers.synthetic import UNREVIEWED
from pytest_ftgate.data.synthesis.novelty import Novelty
from pytest_ftgate.data.synthesis.plan import Order, orders
from pytest_ftgate.data.synthesis.prompt import ABOUT_TOOL, TOOL, build, prompts_digest
from pytest_ftgate.data.synthesis.seeds import Seeds
from pytest_ftgate.files.digest import digest_of

if TYPE_CHECKING:
    from pytest_ftgate.serve.api.request import ApiReply, ApiRequest
    from pytest_ftgate.serve.api.settings import Settings

ROUNDS = 6
MAX_TOKENS = 4096
Row = dict[str, Any]
Leaking = Callable[[Sequence[Row]], Collection[int]]
"""Rows -> places of those that share text with a golden."""


class Asking(Protocol):
    """What is needed of a provider."""

    def ask_all(self, asks: Iterable[ApiRequest], batch: bool = False) -> Iterator[ApiReply]:
        """What each Ask got, in their order."""


@dataclass(frozen=True, slots=True)
class Job:
    """quotas: rows wanted by label, see `plan.quotas`. about: what the model will do. seed: of every draw."""

    quotas: Mapping[str, int]
    about: str = ""
    seed: int = 0
    batch: bool = False


@dataclass(slots=True)
class Made:
    """rows: marked synthetic and unreviewed. dropped: rows by why; unanswered: requests by why.

    by_label: rows of each label. out_of_money: whether the budget ended it.
    """

    rows: list[Row] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    by_label: Counter[str] = field(default_factory=Counter)
    out_of_money: bool = False


def generate(seeds: Seeds, job: Job, settings: Settings, provider: Asking, leaking: Leaking) -> Made:
    """Ask in rounds until there are enough rows, the money is spent, or 6 rounds are over. Raises ProviderError."""
    work = _Work(seeds, job, settings, leaking)
    for round_ in range(ROUNDS):
        missing = work.missing
        if not missing or work.made.out_of_money:
            break
        asked = list(orders(seeds.form, seeds.rows, missing, round_, job.seed))
        asks = [_ask(seeds, job, settings, order, round_) for order in asked]
        drafts: list[tuple[str, Row]] = []
        for order, said in zip(asked, provider.ask_all(asks, batch=job.batch), strict=True):
            drafts += work.drafts(order, said)
        work.take(drafts)
    return work.made


def _ask(seeds: Seeds, job: Job, settings: Settings, order: Order, round_: int) -> ApiRequest:
    from pytest_ftgate.serve.api.request import Tool

    prompt = build(seeds.form, order, job.about)
    messages = [{"role": "user", "content": prompt.user}]
    draw = round_ * 1_000_000 + order.number
    tool = Tool(TOOL, ABOUT_TOOL, prompt.schema)
    return settings.ask([prompt.system], messages, tool, max_tokens=MAX_TOKENS, repeat=draw)


class _Work:
    """What has been made so far, and what a new row is held against."""

    def __init__(self, seeds: Seeds, job: Job, settings: Settings, leaking: Leaking) -> None:
        self.made = Made()
        self._seeds, self._job, self._leaking = seeds, job, leaking
        self._source = {"model": settings.model, "prompt": prompts_digest()[:16]}
        self._novelty = Novelty()
        for seed in seeds.rows:
            self._novelty.add(_question(seed.asked))

    @property
    def missing(self) -> dict[str, int]:
        """Rows still wanted of each label."""
        wanted = {label: rows - self.made.by_label[label] for label, rows in self._job.quotas.items()}
        return {label: rows for label, rows in wanted.items() if rows > 0}

    def drafts(self, order: Order, said: ApiReply) -> Iterator[tuple[str, Row]]:
        """(label, row) of what one answer holds, copies left out."""
        if said.kind != "answered" or said.input is None:
            self.made.unanswered[said.kind] += 1
            self.made.out_of_money |= said.kind == "budget"
            return
        for data in said.input.get("rows", ()):
            why = self._why_not(order, data)
            if why:
                self.made.dropped[why] += 1
            else:
                self._novelty.add(_question(self._asked(data)))
                yield order.label, self._row(order, data, said.key)

    def take(self, drafts: Sequence[tuple[str, Row]]) -> None:
        """Keep what shares no text with a golden, as long as more of its label are wanted."""
        leaked = set(self._leaking([row for _, row in drafts]))
        self.made.dropped["golden"] += len(leaked)
        for place, (label, row) in enumerate(drafts):
            if place in leaked:
                continue
            if self.made.by_label[label] >= self._job.quotas[label]:
                self.made.dropped["surplus"] += 1
                continue
            self.made.by_label[label] += 1
            self.made.rows.append(row)

    def _asked(self, data: Mapping[str, str]) -> dict[str, str]:
        return {name: data[name].strip() for name in self._seeds.form.fields}

    def _why_not(self, order: Order, data: Mapping[str, str]) -> str:
        asked = self._asked(data)
        if not all(asked.values()) or not data["answer"].strip():
            return "empty"
        if order.label and data["answer"] != order.label:
            return "wrong label"
        try:
            self._seeds.form.row(asked, data["answer"])
        except ValueError:
            return "answer not JSON"
        kind = self._novelty.kind(_question(asked))
        return "" if kind == "new" else kind

    def _row(self, order: Order, data: Mapping[str, str], key: str) -> Row:
        row = self._seeds.form.row(self._asked(data), data["answer"])
        source = {**self._source, "ask": key, "seeds": [seed.line for seed in order.seeds]}
        marks = {"synthetic": True, "review": UNREVIEWED, "source": source}
        return {"id": f"syn-{digest_of(row)[:12]}", **row, **marks}


def _question(asked: Mapping[str, str]) -> str:
    return "\n".join(asked.values())
