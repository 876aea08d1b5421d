"""What is asked, what it may cost, and that it never costs more."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.errors import ProviderError
from pytest_ftgate.serve.api.budget import Budget
from pytest_ftgate.serve.api.client import open_provider
from pytest_ftgate.serve.api.confirm import confirm
from pytest_ftgate.serve.api.request import Usage
from pytest_ftgate.serve.api.settings import SMALL_CLAUDE, Settings, read_settings
from pytest_ftgate.serve.api.token_prices import DEFAULT_PRICES, Prices
from pytest_ftgate.serve.api.tokens import likely, most
from tests.messages_server import HANGS, MessagesServer
from tests.unit.serve.api.questions import PRICES, QUICK, asks_of, good, settings_of, wordy


def test_the_usual_model_is_one_the_sdk_knows_and_has_a_price():
    from typing import get_args

    from anthropic.types import Model

    known = {name for part in get_args(Model) for name in get_args(part)}
    assert SMALL_CLAUDE in known
    assert set(DEFAULT_PRICES) <= known


@pytest.mark.parametrize("model", DEFAULT_PRICES)
@pytest.mark.parametrize("usage", [Usage(1000, 500), Usage(100_000, 50), Usage(100_001, 50), Usage(9, 9, 5000, 7000)])
def test_default_prices_are_those_of_a_public_list_or_dearer(model, usage):
    """A budget that puts too much aside holds; with too little it does not."""
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    cached = {"cache_read_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write}
    prompt = usage.input + usage.cache_read + usage.cache_write
    tokens = Tokens(input_tokens=prompt, output_tokens=usage.output, **cached)
    listed = float(calc_price(tokens, model_ref=model, provider_id="anthropic").total_price)
    ours = DEFAULT_PRICES[model].dollars(usage)
    assert ours == pytest.approx(listed) if not usage.cache_read else ours >= listed * 0.999_999


def test_prices_are_for_a_million_tokens_of_each_kind():
    usage = Usage(input=1000, output=200, cache_read=3000, cache_write=400)
    dollars = (1000 * 1.0 + 200 * 5.0 + 3000 * 0.1 + 400 * 1.25) / 1e6
    assert PRICES.dollars(usage) == pytest.approx(dollars)
    assert PRICES.dollars(usage, batch=True) == pytest.approx(dollars / 2)


def test_a_long_prompt_is_dearer_in_all_its_tokens():
    prices = Prices(1.0, 5.0, 0.1, 1.25, long_from=1000, long_factor=5.0)
    assert prices.dollars(Usage(1000, 10)) == pytest.approx((1000 + 50) / 1e6)
    assert prices.dollars(Usage(1, 10, cache_read=1000)) == pytest.approx(5 * (1 + 50 + 100) / 1e6)


@given(st.text(), st.text())
def test_what_is_put_aside_covers_what_is_likely(system, question):
    ask = Settings().ask([system], [{"role": "user", "content": question}])
    for prices in (PRICES, *DEFAULT_PRICES.values()):
        assert prices.dollars(most(ask)) >= prices.dollars(likely(ask))


def test_the_estimate_halves_in_a_batch_and_counts_each_question_once(tmp_path):
    with MessagesServer(good) as server:
        settings = settings_of(server)
        asks = asks_of(settings, 10)
        with open_provider(settings, tmp_path) as provider:
            whole = provider.estimate([*asks, *asks])
            assert whole == pytest.approx(sum(PRICES.dollars(likely(ask)) for ask in asks))
            assert provider.estimate(asks, batch=True) == pytest.approx(whole / 2)
    assert not server.requests


def test_a_budget_stops_the_run_and_keeps_what_is_paid(tmp_path):
    with MessagesServer(wordy) as server:
        rich = settings_of(server, concurrency=8, max_tokens=300)
        aside = PRICES.dollars(most(asks_of(rich, 1)[0]))
        poor = replace(rich, budget_dollars=aside * 4)
        with open_provider(poor, tmp_path, QUICK) as provider:
            said = list(provider.ask_all(asks_of(poor, 50)))
        answered = [one for one in said if one.kind == "answered"]
        assert {one.kind for one in said} == {"answered", "budget"}
        assert len(answered) > 4
        assert len(server.requests) == len(answered)
        assert poor.budget_dollars - aside < provider.bill.dollars <= poor.budget_dollars
        assert "budget of $" in next(one.error for one in said if one.kind == "budget")
        with open_provider(rich, tmp_path, QUICK) as provider:
            assert {one.kind for one in provider.ask_all(asks_of(rich, 50))} == {"answered"}
    assert len(server.requests) == 50


def test_an_attempt_that_may_have_been_billed_is_charged_to_the_budget(tmp_path):
    with MessagesServer(good, lambda text, attempt: HANGS) as server:
        settings = settings_of(server)
        aside = PRICES.dollars(most(asks_of(settings, 1)[0]))
        poor = settings_of(server, concurrency=1, timeout_s=0.2, budget_dollars=aside * 2.5)
        with open_provider(poor, tmp_path, QUICK) as provider:
            said = list(provider.ask_all(asks_of(poor, 5)))
    assert {one.kind for one in said} == {"budget"}
    assert provider.bill.attempts == provider.bill.possibly_billed == 2
    assert provider.bill.possibly_dollars == pytest.approx(2 * aside)


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 1)), max_size=30), st.floats(0, 10))
def test_spent_and_put_aside_never_exceed_the_limit(attempts, limit):
    """Attempts that wait for each other, and are paid with a share of what was put aside for them."""
    budget = Budget(limit)

    async def attempt(dollars, share):
        if await budget.put_aside(dollars):
            assert budget.spent + budget.aside <= limit + 1e-9
            await asyncio.sleep(0)
            await budget.settle(dollars, dollars * share)
            assert budget.spent <= limit + 1e-9
            return True
        assert budget.spent + dollars > limit
        return False

    async def all_of_them():
        return await asyncio.wait_for(asyncio.gather(*(attempt(*one) for one in attempts)), 20)

    asyncio.run(all_of_them())
    assert budget.aside < 1e-9


def test_a_dear_run_needs_consent(monkeypatch):
    monkeypatch.setenv("CI", "1")
    confirm(0.5, 1.0, "judging", "--yes")
    confirm(5.0, 1.0, "judging", "--yes", given=True)
    confirm(5.0, 1.0, "judging", "--yes", ask=lambda text: "$5.00" in text)
    with pytest.raises(ProviderError, match="not confirmed"):
        confirm(5.0, 1.0, "judging", "--yes", ask=lambda text: False)
    with pytest.raises(ProviderError, match="allow it with --yes"):
        confirm(5.0, 1.0, "judging", "--yes")


def test_settings_are_read_with_all_faults_told():
    table = {"model": "m", "base_url": "http://127.0.0.1:1/v1", "api": "openai", "prices": {"input": 1, "output": 2}}
    settings = read_settings(table, "golden.toml: [judge]")
    assert settings.price_list() == Prices(1, 2, 1, 1)
    claude = {"api": "anthropic", "base_url": "http://127.0.0.1:1"}
    for more in (claude, {}):
        own = {"model": "m", "prices": {"input": 1, "output": 2}} | more
        assert read_settings(own, "").price_list() == Prices(1, 2, 1, 1.25), "Claude charges more for writing a cache"
    own["prices"] = own["prices"] | {"cache_write": 3}
    assert read_settings(own, "").price_list() == Prices(1, 2, 1, 3)
    with pytest.raises(ProviderError) as error:
        read_settings({"modle": "x", "concurrency": 0, "prices": {"input": 1, "cents": 2}}, "golden.toml: [judge]")
    assert len(str(error.value).splitlines()) == 4
    for text in ("modle", "concurrency is 0", "prices.cents", "prices.output is missing"):
        assert text in str(error.value)


def test_a_key_where_only_its_name_belongs_is_not_repeated():
    table = {"api_key_env": "sk-ant-secret", "base_url": "https://me:secret@example.org"}
    with pytest.raises(ProviderError, match="not the key itself") as error:
        read_settings(table, "golden.toml: [judge]")
    assert "secret" not in str(error.value)
    assert len(str(error.value).splitlines()) == 2


def test_an_unknown_price_is_an_error_except_on_this_machine():
    with pytest.raises(ProviderError, match=r"prices = \{"):
        Settings(model="claude-new", base_url="https://example.org").price_list()
    assert Settings(model="any", base_url="http://localhost:8000").price_list() == Prices(0, 0, 0, 0)


def test_another_question_model_draw_or_form_is_another_key():
    def ask(settings=None, system="s", text="t", **more):
        return (settings or Settings()).ask([system], [{"role": "user", "content": text}], **more).key

    keys = [ask(), ask(system="S"), ask(text="T"), ask(repeat=1), ask(max_tokens=5), ask(temperature=0.0)]
    keys += [ask(Settings(model="claude-haiku-4-5")), ask(Settings(thinking=True)), asks_of(Settings(), 1)[0].key]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 40 and key.isalnum() for key in keys)
    assert ask() == ask(Settings(concurrency=3, base_url="http://localhost:1"))
