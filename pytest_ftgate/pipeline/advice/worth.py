"""(prices, what was asked, the reference model) -> the table of `ftgate cost`, before a version exists."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from pytest_ftgate.pipeline.cost.compare import HOURS_A_MONTH, Served
from pytest_ftgate.pipeline.cost.price_file import Prices, Provider

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.cost.usage import Usage
    from pytest_ftgate.serve.api.settings import Settings

DOLLARS = ("", "$", "usd", "dollar", "dollars")


@dataclass(frozen=True, slots=True)
class Worth:
    """tuned: the usage that a fine-tuned model would have, which needs no examples. few_shot: of a prompt with some."""

    prices: Prices
    served: Served
    tuned: Usage
    few_shot: Usage

    def break_even(self, name: str) -> float | None:
        """Requests a month from which on serving is never dearer than an API, inf if it always is; None: no price."""
        for provider in self.prices.providers:
            if provider.name == name:
                prompt = (self.few_shot if provider.few_shot else self.tuned).tokens_each[0]
                found = self.served.break_even(provider.of_thousand(prompt, self.tuned.tokens_each[1]))
                return inf if found is None else found
        return None


def worth(prices: Prices, tuned: Usage | None, few_shot: Usage | None, reference: Settings | None) -> Worth | str:
    """Or why there is none. reference: gets a line of its own if its price is in the currency of the file."""
    if tuned is None or not sum(tuned.tokens_each):
        return "the server did not count tokens (no `usage` in its answers)"
    per_hour = prices.machine.requests_per_hour or tuned.per_hour
    if not per_hour:
        return "no throughput measured; set requests_per_hour under [machine]"
    return Worth(_with(prices, reference), Served(prices.machine, per_hour), tuned, few_shot or tuned)


def _with(prices: Prices, reference: Settings | None) -> Prices:
    named = {provider.name for provider in prices.providers}
    if reference is None or reference.model in named or prices.currency.lower() not in DOLLARS:
        return prices
    paid = reference.price_list()
    if not paid.input + paid.output:
        return prices
    return replace(prices, providers=(*prices.providers, Provider(reference.model, paid.input, paid.output)))


def a_month(per_day: float) -> float:
    """Requests a month."""
    return per_day * HOURS_A_MONTH / 24
