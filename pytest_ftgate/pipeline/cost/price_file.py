"""Path of a prices.toml -> Prices: what a machine costs by the hour, and APIs by the token."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.files.schema import check, read_toml, toml_line
from pytest_ftgate.files.text import shown


@dataclass(frozen=True, slots=True)
class Machine:
    """What serves the model.

    price_per_hour: of one, paid whether it is busy or not. replicas: never fewer. utilisation: share of its capacity
    that is used at most, so that peaks are served too. requests_per_hour: one machine's capacity; None: as measured.
    """

    price_per_hour: float
    name: str = "own machine"
    replicas: int = 2
    utilisation: float = 0.5
    requests_per_hour: float | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """An API. Prices of a million tokens. few_shot: its prompt needs the examples that the baseline's has."""

    name: str
    input_per_million: float
    output_per_million: float
    few_shot: bool = False

    def of_thousand(self, prompt_tokens: float, completion_tokens: float) -> float:
        """Price of 1,000 requests with so many tokens each."""
        return (prompt_tokens * self.input_per_million + completion_tokens * self.output_per_million) / 1000


@dataclass(frozen=True, slots=True)
class Prices:
    """One prices.toml, valid. trainings_per_month: fine-tunes that the served model must pay for."""

    machine: Machine
    providers: tuple[Provider, ...]
    currency: str = ""
    trainings_per_month: float = 0.0


def read_prices(path: Path) -> Prices:
    """Raises FileFaults with all faults, each with its line."""
    data, text = read_toml(path)
    faults = check(data, "prices", shown(path), lambda keys: toml_line(text, keys))
    if faults:
        raise FileFaults(faults)
    return Prices(
        Machine(**data["machine"]),
        tuple(Provider(**provider) for provider in data["provider"]),
        data.get("currency", ""),
        data.get("trainings_per_month", 0.0),
    )
