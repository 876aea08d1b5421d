"""(folder) -> the provider of each model that judges in this run: opened when it is first asked, closed at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.judge.spec import JudgeError

if TYPE_CHECKING:
    from pytest_ftgate.serve.api.bill import Bill
    from pytest_ftgate.serve.api.client import Provider
    from pytest_ftgate.serve.api.settings import Settings


class Providers:
    """Call it with a model's settings. folder: where answers are kept, a folder for each model below it.

    What a model answered is found again whatever its address and the budget; so one run asks one model at one address,
    with one key, at one price. Who gives no budget does not lift that of another, and two that differ are an error.
    changed: settings of the run on top of a set's own, such as a budget.
    """

    def __init__(self, folder: Path, changed: Callable[[Settings], Settings] = lambda settings: settings) -> None:
        self._folder, self._changed = folder, changed
        self._stack = ExitStack()
        self._open: dict[str, Provider] = {}

    def __call__(self, settings: Settings) -> Provider:
        """The provider, opened if need be. Raises ProviderError, JudgeError, JournalError, MissingExtra."""
        from pytest_ftgate.serve.api.client import open_provider

        asked = self._changed(settings)
        place = place_of(asked)
        if place not in self._open:
            self._open[place] = self._stack.enter_context(open_provider(asked, self._folder / place))
        found = self._open[place]
        _check_same(found.settings, asked)
        found.limit(asked.budget_dollars)
        return found

    @property
    def bills(self) -> Mapping[str, tuple[str, Bill]]:
        """What was sent and paid by `place_of`, each with the model's name and, where two share it, how it is asked."""
        often = Counter(provider.settings.model for provider in self._open.values())
        return {
            place: (_title(provider.settings, often[provider.settings.model] > 1), provider.bill)
            for place, provider in self._open.items()
        }

    def close(self) -> None:
        """Close all that were opened; safe to call twice."""
        self._open.clear()
        self._stack.close()

    def __enter__(self) -> Providers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def place_of(settings: Settings) -> str:
    """Name of a folder: the model's, and what else decides its answers."""
    identity = [settings.api, settings.model, settings.thinking, settings.structured]
    name = "".join(char if char.isalnum() or char in "._-" else "-" for char in settings.model)
    return f"{name[-60:]}-{digest_of(identity)[:8]}"


def _title(settings: Settings, shared: bool) -> str:
    how = f" ({settings.api}, {settings.structured}{', thinking' if settings.thinking else ''})"
    return settings.model + how if shared else settings.model


def _check_same(first: Settings, asked: Settings) -> None:
    """Raises JudgeError where two that ask one model differ in the address, the key or the money."""
    if first.base_url != asked.base_url:
        raise JudgeError(
            f"conflicting base_url for {asked.model} in this run: {first.base_url} and {asked.base_url}; "
            "use different model names or the same base_url"
        )
    budgets = (first.budget_dollars, asked.budget_dollars)
    for name, one, other, help_ in (
        ("budget_dollars", *(budgets if None not in budgets else (None, None)), ", or pass --ftgate-judge-budget"),
        ("prices", first.price_list(), asked.price_list(), ""),
        ("api_key_env", first.key_variable(), asked.key_variable(), ""),
    ):
        if one != other:
            raise JudgeError(
                f"conflicting {name} for {asked.model} in this run: {one} and {other}\n"
                f"    set the same {name} in every [judge] with this model{help_}"
            )


def with_budget(dollars: float | None) -> Callable[[Settings], Settings]:
    """Settings -> the same with the run's budget; None: as they are."""
    return lambda settings: settings if dollars is None else replace(settings, budget_dollars=dollars)
