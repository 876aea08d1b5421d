"""One model in a run: one budget, one price and one key, whoever asks first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_ftgate.judge.provider_pool import Providers, with_budget
from pytest_ftgate.judge.spec import JudgeError
from pytest_ftgate.serve.api.settings import Settings
from pytest_ftgate.serve.api.token_prices import Prices
from pytest_ftgate.serve.api.tokens import most
from tests.messages_server import MessagesServer
from tests.unit.serve.api.questions import PRICES, asks_of, good, settings_of, wordy

HERE = Settings(base_url="http://127.0.0.1:9", prices=PRICES)


@pytest.mark.parametrize(
    ("first", "then", "told"),
    [
        ({"budget_dollars": 2.0}, {"budget_dollars": 1.0}, ("budget_dollars", "2.0", "1.0")),
        ({"budget_dollars": 0.0}, {"budget_dollars": 1.0}, ("budget_dollars", "0.0", "1.0")),
        ({}, {"prices": Prices(9.0, 9.0, 9.0, 9.0)}, ("input=1.0", "input=9.0")),
        ({"api_key_env": "KEY_A"}, {"api_key_env": "KEY_B"}, ("KEY_A", "KEY_B")),
    ],
)
def test_sets_that_differ_in_money_or_key_for_one_model_are_an_error_that_names_both(
    tmp_path, monkeypatch, first, then, told
):
    for name in ("KEY_A", "KEY_B"):
        monkeypatch.setenv(name, "secret-value")
    with Providers(tmp_path) as providers:
        providers(replace(HERE, **first))
        with pytest.raises(JudgeError) as error:
            providers(replace(HERE, **then))
        assert providers(replace(HERE, **first)), "the first is asked as before"
    assert all(text in str(error.value) for text in told)
    assert "secret" not in str(error.value)


def test_the_same_key_named_or_not_and_the_same_price_given_or_not_do_not_differ(tmp_path, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    usual = Settings()
    with Providers(tmp_path) as providers:
        same = replace(usual, api_key_env="ANTHROPIC_API_KEY", prices=usual.price_list())
        assert providers(usual) is providers(same)


def test_the_budget_of_the_command_line_wins_over_both(tmp_path):
    with Providers(tmp_path, with_budget(5.0)) as providers:
        first = providers(replace(HERE, budget_dollars=2.0))
        assert providers(replace(HERE, budget_dollars=1.0)) is first
        assert providers(HERE) is first
        assert first.settings.budget_dollars == 5.0


@pytest.mark.parametrize("order", [(None, "own"), ("own", None)])
def test_who_has_no_budget_does_not_lift_that_of_another(tmp_path, order):
    """As the fixture `judge` beside a golden set: the set's limit holds for the model, whoever asks first."""
    with MessagesServer(wordy) as server, Providers(tmp_path) as providers:
        free = settings_of(server, max_tokens=300)
        aside = PRICES.dollars(most(asks_of(free, 1)[0]))
        poor = replace(free, budget_dollars=aside * 1.5)
        for who in order:
            provider = providers(poor if who else free)
        kinds = [said.kind for said in provider.ask_all(asks_of(free, 20))]
        assert "budget" in kinds
        assert provider.bill.dollars <= poor.budget_dollars
        with pytest.raises(JudgeError, match="budget_dollars"):
            providers(replace(free, budget_dollars=aside * 100))


def test_one_model_is_asked_at_one_address(tmp_path):
    with MessagesServer(good) as server, Providers(tmp_path) as providers:
        providers(settings_of(server))
        with pytest.raises(JudgeError, match=r"127\.0\.0\.1:9"):
            providers(HERE)
