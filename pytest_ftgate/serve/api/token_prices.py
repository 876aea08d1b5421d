"""Usage -> dollars, by a price list with a date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pytest_ftgate.serve.api.request import Usage

PRICES_AS_OF = "2026-11-22"
"""When DEFAULT_PRICES were looked up; whoever pays other prices writes them into the configuration."""

BATCH_FACTOR = 0.5


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars for a million tokens. long_from: prompts of more tokens (0: none) cost long_factor times as much."""

    input: float
    output: float
    cache_read: float
    cache_write: float
    long_from: int = 0
    long_factor: float = 1.0

    def dollars(self, usage: Usage, batch: bool = False) -> float:
        """What the tokens cost; half of it in a batch."""
        prompt = usage.input + usage.cache_read + usage.cache_write
        factor = self.long_factor if self.long_from and prompt > self.long_from else 1.0
        sum_ = usage.input * self.input + usage.output * self.output
        sum_ += usage.cache_read * self.cache_read + usage.cache_write * self.cache_write
        return sum_ * factor * (BATCH_FACTOR if batch else 1.0) / 1e6


FREE = Prices(0.0, 0.0, 0.0, 0.0)
DEFAULT_PRICES: Mapping[str, Prices] = MappingProxyType(
    {
        "claude-haiku-5-5": Prices(0.10, 0.50, 0.01, 0.125, long_from=100_000, long_factor=5.0),
        "claude-sonnet-5-5": Prices(2.0, 10.0, 0.20, 2.50),
        "claude-haiku-4-5": Prices(1.0, 5.0, 0.10, 1.25),
    }
)
