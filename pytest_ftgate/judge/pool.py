"""(folder, limits) -> Judges: all judge clients of a run, what they cost, and what is to be told of them at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import MetricError
from pytest_ftgate.gate.checks.judge_limits import MOST_UNSCORED
from pytest_ftgate.judge.client import JudgeClient
from pytest_ftgate.judge.provider_pool import Providers, place_of, with_budget
from pytest_ftgate.judge.spec import JudgeError, JudgeSpec

if TYPE_CHECKING:
    from pytest_ftgate.serve.api.client import Provider
    from pytest_ftgate.serve.api.settings import Settings


class Judges:
    """folder: where answers are kept. budget: dollars of this run for each model; None: as the sets say.

    batch: ask by message batches. confirm: asks a person in a terminal, None where there is none.
    """

    def __init__(
        self,
        folder: Path,
        *,
        budget: float | None = None,
        batch: bool = False,
        confirm: Callable[[str], bool] | None = None,
    ) -> None:
        self._providers = Providers(folder, with_budget(budget))
        self._batch, self._confirm = batch, confirm
        self._courts: dict[str, JudgeClient] = {}
        self._names: dict[str, list[str]] = {}
        self._expected: dict[str, float] = {}
        self._agreed: set[str] = set()

    def judge_client(self, spec: JudgeSpec, name: str) -> JudgeClient:
        """The judge client of a judge, one in a run for each digest. name: of who asks, a golden set or a test."""
        names = self._names.setdefault(spec.digest, [])
        names += [] if name in names else [name]
        if spec.digest not in self._courts:
            self._courts[spec.digest] = JudgeClient(spec, self._provider, self._batch, self._check_cost)
        return self._courts[spec.digest]

    def facts(self) -> Iterator[dict[str, Any]]:
        """Of each judge client that was asked anything: names, judge, counts, and the bills of its models; plain
        values.

        Each bill comes once, with the first judge client that has questions; also those of a judge client that broke
        off.
        """
        told: set[str] = set()
        for digest, judge_client in sorted(self._courts.items(), key=lambda item: not item[1].counts.questions):
            bills = [bill for bill in self._bills(judge_client.spec) if bill["place"] not in told]
            if judge_client.counts.questions or any(bill["attempts"] for bill in bills):
                told.update(bill["place"] for bill in bills)
                models = dict.fromkeys(judge_client.spec.models)
                yield {
                    "names": self._names[digest],
                    "judge": judge_client.spec.title,
                    "digest": digest,
                    "models": list(models),
                    **judge_client.counts.to_json(),
                    "pairs": len(judge_client.flipped),
                    "flips": sum(judge_client.flipped.values()),
                    **favours(judge_client),
                    "bills": bills,
                }

    def _bills(self, spec: JudgeSpec) -> Iterator[dict[str, Any]]:
        """The bills of a judge's models. names: of all who share one, where several judges do."""
        bills = self._providers.bills
        for place in dict.fromkeys(map(place_of, spec.panel)):
            if place in bills:
                title, bill = bills[place]
                yield {
                    "place": place,
                    "model": title,
                    "names": self._sharing(place),
                    "text": str(bill),
                } | bill.to_json()

    def _sharing(self, place: str) -> list[str]:
        """Names of those that ask a model at a place; none if it is one judge."""
        found = [
            digest for digest, judge_client in self._courts.items() if place in map(place_of, judge_client.spec.panel)
        ]
        return list(dict.fromkeys(name for digest in found for name in self._names[digest])) if found[1:] else []

    @property
    def untrusted(self) -> bool:
        """Whether some judge of this run left more than 5 % of its questions without a verdict."""
        return any(judge_client.counts.share > MOST_UNSCORED for judge_client in self._courts.values())

    def close(self) -> None:
        """Close the providers; safe to call twice."""
        self._providers.close()

    def _provider(self, settings: Settings) -> Provider:
        return self._providers(settings)

    def _check_cost(self, settings: Settings, dollars: float) -> None:
        """All that this run may come to cost with a model, asked for once where it is much. Raises JudgeError."""
        model = settings.model
        self._expected[model] = self._expected.get(model, 0.0) + dollars
        total, limit = self._expected[model], settings.confirm_above_dollars
        if total <= limit or model in self._agreed:
            return
        told = f"judging by {model} may cost up to ${total:.2f}, above confirm_above_dollars = {limit:g}"
        if self._confirm is None:
            raise JudgeError(
                f"{told}; cannot ask for confirmation\n    raise confirm_above_dollars in [judge] to continue"
            )
        if not self._confirm(f"{told}. Continue? [y/N] "):
            raise JudgeError(f"{told}; not confirmed, stopped")
        self._agreed.add(model)


def favours(judge_client: JudgeClient) -> dict[str, Any]:
    """Rank correlation of verdicts on single answers with their length; agreement of several votes; what there is."""
    from pytest_ftgate.judge.bias import verbosity

    seen = list(judge_client.seen())
    found: dict[str, Any] = {}
    if seen and len(judge_client.spec.panel) * judge_client.spec.repeats > 1:
        found["agreement"] = fmean(verdict.agreement for _, verdict in seen)
    single = [(verdict.value, len(question.answers[0])) for question, verdict in seen if not question.pair]
    with suppress(MetricError):
        metric = verbosity([value for value, _ in single], [length for _, length in single])
        found["verbosity"] = [metric.value, metric.lower, metric.upper]
    return found
