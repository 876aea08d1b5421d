"""(usage, prices) -> what 1,000 requests cost, and the volume from which the served model is the cheaper one.

With p the price of a machine for a month, c the requests it serves in a month (capacity x utilisation), F the month's
trainings, a the API's price of one request, r the replicas that always run, and n(V) = max(r, ceil(V / c)) machines at
V requests a month:

    served for V = n(V) p + F          API for V = a V
    break-even   = (m p + F) / a,      m = max(r, largest n with a c (n - 1) < n p + F),     none unless a c > p

The last line: a machine is added when the others are full, and is dear at first. With m machines the API is overtaken
for good; above, even a machine that has just been added pays.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from pytest_ftgate.pipeline.cost.price_file import Machine

HOURS_A_MONTH = 730.0
"""365 x 24 / 12."""


@dataclass(frozen=True, slots=True)
class Served:
    """The model on machines of one's own. per_hour: requests one machine can serve. monthly: trainings, a month."""

    machine: Machine
    per_hour: float
    monthly: float = 0.0

    @property
    def machine_month(self) -> float:
        """Price of one machine for a month."""
        return self.machine.price_per_hour * HOURS_A_MONTH

    @property
    def capacity(self) -> float:
        """Requests one machine serves in a month, at the utilisation it is meant for."""
        return self.per_hour * HOURS_A_MONTH * self.machine.utilisation

    @property
    def thousand_when_full(self) -> float:
        """Price of 1,000 requests on machines that are as busy as they are meant to be, trainings left out."""
        return 1000 * self.machine_month / self.capacity

    def month(self, requests: float) -> float:
        """Price of a month with so many requests."""
        machines = max(self.machine.replicas, ceil(requests / self.capacity - 1e-9))
        return machines * self.machine_month + self.monthly

    def break_even(self, api_thousand: float) -> float | None:
        """Requests a month from which on the API is never cheaper; None if at no volume. api_thousand: of the API."""
        price = api_thousand / 1000
        full, machine = price * self.capacity, self.machine_month
        if full <= machine:
            return None
        limit = (self.monthly + full) / (full - machine)
        machines = max(self.machine.replicas, ceil(limit - 1e-9) - 1)
        return (machines * machine + self.monthly) / price
