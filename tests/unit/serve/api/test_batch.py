"""Message Batches through the real SDK: half the price, and taken up again whatever breaks."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from pytest_ftgate.errors import ProviderError
from pytest_ftgate.serve.api import batch, batch_calls
from pytest_ftgate.serve.api.client import open_provider
from pytest_ftgate.serve.api.settings import Settings
from pytest_ftgate.serve.api.tokens import most
from tests.messages_server import CUT_OFF, MessagesServer
from tests.unit.serve.api.questions import PRICES, QUICK, asks_of, good, settings_of, until, wordy


def asked_once(server, count):
    return server.answered == Counter({f"answer {n}": 1 for n in range(count)})


def entries(server):
    return Counter(key for keys in server.batches.created.values() for key in keys)


def test_a_batch_answers_in_the_order_asked_for_half_the_price(tmp_path):
    with MessagesServer(good) as server:
        server.batches.looks = 3
        settings = settings_of(server)
        asks = asks_of(settings, 30)
        with open_provider(settings, tmp_path, QUICK) as provider:
            said = list(provider.ask_all(asks, batch=True))
            known = list(provider.ask_all(asks))
    assert [one.input["reason"] for one in said] == [f"about answer {n}" for n in range(30)]
    assert [one.key for one in said] == [ask.key for ask in asks]
    assert all(one.dollars == pytest.approx(PRICES.dollars(one.usage) / 2) for one in said)
    assert provider.bill.dollars == pytest.approx(sum(one.dollars for one in said))
    assert provider.bill.attempts == 30
    assert all(one.replayed for one in known)
    assert list(server.batches.created) == ["msgbatch_1"]
    assert not server.requests


def test_the_body_in_a_batch_is_that_of_a_single_request(tmp_path):
    with MessagesServer(good) as server:
        settings = settings_of(server)
        with open_provider(settings, tmp_path / "1", QUICK) as provider:
            list(provider.ask_all(asks_of(settings, 1)))
        with open_provider(settings, tmp_path / "2", QUICK) as provider:
            list(provider.ask_all(asks_of(settings, 1), batch=True))
        [[entry]] = server.batches.sent.values()
    assert entry["params"] == server.requests[0]


def test_a_batch_is_written_down_before_it_is_sent_and_after_it_has_its_id(tmp_path):
    lines = []
    with MessagesServer(good) as server:
        server.batches.on_create = lambda: lines.extend((tmp_path / "batches.jsonl").read_text().splitlines())
        settings = settings_of(server)
        asks = asks_of(settings, 2)
        with open_provider(settings, tmp_path, QUICK) as provider:
            list(provider.ask_all(asks, batch=True))
    [intent] = map(json.loads, lines)
    assert intent["keys"] == [ask.key for ask in asks]
    after = [json.loads(line) for line in (tmp_path / "batches.jsonl").read_text().splitlines()]
    assert after[1] == {"created": intent["intent"], "id": "msgbatch_1"}
    assert after[2] == {"over": intent["intent"], "how": "done"}


@pytest.mark.parametrize(("script", "trouble"), [("lose_creations", "connection"), ("hang_creations", "timeout")])
def test_a_batch_whose_creation_got_no_answer_is_found_by_its_custom_ids(tmp_path, monkeypatch, script, trouble):
    """Beside others of the same size, of ours and of somebody else."""
    monkeypatch.setattr(batch_calls, "UPLOAD_S", 2.0)
    with MessagesServer(good) as server:
        settings = settings_of(server, timeout_s=2.0)
        with open_provider(settings, tmp_path, QUICK) as provider:
            list(provider.ask_all(asks_of(settings, 5, start=100), batch=True))
        setattr(server.batches, script, 1)
        server.batches.looks = 2
        server.batches.on_create = lambda: server.batches.add_stranger(5)
        with open_provider(settings, tmp_path, QUICK) as provider:
            said = list(provider.ask_all(asks_of(settings, 5), batch=True))
    assert [one.kind for one in said] == ["answered"] * 5
    assert list(server.batches.created) == ["msgbatch_1", "msgbatch_2", "msgbatch_3"]
    assert set(entries(server).values()) == {1}
    assert provider.bill.troubles == {trouble: 1}


def test_a_lost_batch_that_is_not_found_is_charged_before_it_is_sent_again(tmp_path):
    """It may exist, and be billed: with half of its price left, half of it is sent once more."""
    with MessagesServer(wordy) as server:
        settings = settings_of(server, max_tokens=300)
        aside = PRICES.dollars(most(asks_of(settings, 1)[0]), batch=True)
        poor = settings_of(server, max_tokens=300, budget_dollars=aside * 15.5)
        server.batches.lose_creations = 1
        server.batches.on_create = lambda: server.batches.lose_creations and server.batches.forget()
        with open_provider(poor, tmp_path, QUICK) as provider:
            said = list(provider.ask_all(asks_of(poor, 10), batch=True))
    bill = provider.bill
    assert bill.possibly_billed == 10
    assert bill.possibly_dollars == pytest.approx(10 * aside)
    assert len(server.batches.created["msgbatch_2"]) == 5
    assert bill.dollars + bill.possibly_dollars <= poor.budget_dollars
    assert bill.attempts == 10 + sum(one.kind == "answered" for one in said)


def test_a_lost_batch_is_sent_again_whole_where_there_is_money_and_one_that_is_always_lost_is_an_error(tmp_path):
    with MessagesServer(wordy) as server:
        settings = settings_of(server, budget_dollars=1.0)
        aside = PRICES.dollars(most(asks_of(settings, 1)[0]), batch=True)
        server.batches.lose_creations = 1
        server.batches.on_create = lambda: server.batches.lose_creations and server.batches.forget()
        with open_provider(settings, tmp_path / "1", QUICK) as provider:
            list(provider.ask_all(asks_of(settings, 4), batch=True))
            budget = provider._sender.budget
            assert budget.aside == 0.0
            assert budget.spent == pytest.approx(4 * aside + provider.bill.dollars)
        assert len(server.batches.created["msgbatch_2"]) == 4
        server.batches.lose_creations = 100
        with open_provider(settings, tmp_path / "2", QUICK) as provider:
            with pytest.raises(ProviderError, match="run again"):
                list(provider.ask_all(asks_of(settings, 4), batch=True))
            budget = provider._sender.budget
            assert budget.aside == 0.0
            assert budget.spent == pytest.approx(provider.bill.possibly_dollars)


def test_a_batch_that_the_server_refused_for_now_is_sent_again(tmp_path):
    with MessagesServer(good) as server:
        server.batches.fail_creations = 2
        settings = settings_of(server)
        with open_provider(settings, tmp_path, QUICK) as provider:
            said = list(provider.ask_all(asks_of(settings, 5), batch=True))
    assert {one.kind for one in said} == {"answered"}
    assert len(server.batches.created) == 1
    assert provider.bill.troubles == {"overloaded": 2}


def test_expired_and_broken_entries_are_asked_in_another_batch(tmp_path):
    with MessagesServer(good) as server:
        settings = settings_of(server)
        asks = asks_of(settings, 10)
        server.batches.ends = {asks[1].key: "expired", asks[2].key: "errored", asks[3].key: "canceled"}
        with open_provider(settings, tmp_path, QUICK) as provider:
            said = list(provider.ask_all(asks, batch=True))
    assert {one.kind for one in said} == {"answered"}
    assert server.batches.created["msgbatch_2"] == [ask.key for ask in asks[1:4]]
    assert provider.bill.troubles == {"expired": 1, "errored": 1, "canceled": 1}
    assert provider.bill.attempts == 13
    assert asked_once(server, 10)


def test_an_entry_that_is_invalid_fails_at_once_and_one_that_always_expires_fails_in_the_end(tmp_path):
    with MessagesServer(good) as server:
        settings = settings_of(server)
        asks = asks_of(settings, 3)
        server.batches.always = {asks[0].key: "invalid", asks[1].key: "expired"}
        with open_provider(settings, tmp_path, QUICK) as provider:
            said = list(provider.ask_all(asks, batch=True))
    assert [one.kind for one in said] == ["failed", "failed", "answered"]
    assert "bad request" in said[0].error
    assert entries(server) == {asks[0].key: 1, asks[1].key: batch.TRIES, asks[2].key: 1}


def test_a_cut_off_answer_is_invalid_in_a_batch_too(tmp_path):
    with MessagesServer(lambda request: CUT_OFF) as server:
        settings = settings_of(server)
        with open_provider(settings, tmp_path, QUICK) as provider:
            [said] = provider.ask_all(asks_of(settings, 1), batch=True)
    assert said.kind == "invalid"
    assert said.dollars > 0


def test_what_does_not_fit_one_batch_goes_into_several(tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "MOST_REQUESTS", 4)
    with MessagesServer(good) as server:
        settings = settings_of(server)
        with open_provider(settings, tmp_path / "1", QUICK) as provider:
            list(provider.ask_all(asks_of(settings, 10), batch=True))
        assert [len(keys) for keys in server.batches.created.values()] == [4, 4, 2]
        monkeypatch.setattr(batch, "MOST_REQUESTS", 100)
        monkeypatch.setattr(batch, "MOST_BYTES", 2000)
        server.batches.forget()
        with open_provider(settings, tmp_path / "2", QUICK) as provider:
            list(provider.ask_all(asks_of(settings, 10), batch=True))
    assert len(server.batches.created) > 2
    assert all(len(json.dumps({"requests": sent})) < 2000 + 30 for sent in server.batches.sent.values())


def test_a_run_that_was_left_is_taken_up_by_the_id(tmp_path):
    with MessagesServer(good) as server:
        server.batches.looks = 10**6
        settings = settings_of(server)
        with open_provider(settings, tmp_path, QUICK) as provider:
            provider.ask_all(asks_of(settings, 5), batch=True)
            until(lambda: server.batches.looked)
        server.batches.looks = 0
        with open_provider(settings, tmp_path, QUICK) as provider:
            said = list(provider.ask_all(asks_of(settings, 5), batch=True))
    assert {one.kind for one in said} == {"answered"}
    assert len(server.batches.created) == 1
    assert provider.bill.dollars > 0


def test_a_run_without_batches_takes_what_an_ended_batch_holds_and_does_not_wait_for_another(tmp_path):
    with MessagesServer(good) as server:
        server.batches.looks = 10**6
        settings = settings_of(server)
        with open_provider(settings, tmp_path, QUICK) as provider:
            provider.ask_all(asks_of(settings, 5), batch=True)
            until(lambda: server.batches.looked)
        with open_provider(settings, tmp_path, QUICK) as provider:
            list(provider.ask_all(asks_of(settings, 2)))
            assert len(server.requests) == 2
            server.batches.looks = 0
            list(provider.ask_all(asks_of(settings, 5)))
    assert len(server.requests) == 2


def test_a_batch_that_the_server_has_no_more_is_asked_again(tmp_path):
    with MessagesServer(good) as server:
        server.batches.looks = 10**6
        settings = settings_of(server)
        with open_provider(settings, tmp_path, QUICK) as provider:
            provider.ask_all(asks_of(settings, 2), batch=True)
            until(lambda: server.batches.looked)
        server.batches.forget()
        server.batches.looks = 0
        with open_provider(settings, tmp_path, QUICK) as provider:
            said = list(provider.ask_all(asks_of(settings, 2), batch=True))
    assert {one.kind for one in said} == {"answered"}


def test_results_of_asks_that_are_not_asked_now_are_not_lost(tmp_path):
    with MessagesServer(good) as server:
        server.batches.looks = 10**6
        settings = settings_of(server)
        with open_provider(settings, tmp_path, QUICK) as provider:
            provider.ask_all(asks_of(settings, 4), batch=True)
            until(lambda: server.batches.looked)
        server.batches.looks = 0
        for count in (2, 4):
            with open_provider(settings, tmp_path, QUICK) as provider:
                assert {one.kind for one in provider.ask_all(asks_of(settings, count), batch=True)} == {"answered"}
    assert len(server.batches.created) == 1


def test_a_batch_holds_no_more_than_the_budget_has_money_for(tmp_path):
    with MessagesServer(wordy) as server:
        settings = settings_of(server, max_tokens=300)
        aside = PRICES.dollars(most(asks_of(settings, 1)[0]), batch=True)
        poor = settings_of(server, max_tokens=300, budget_dollars=aside * 3.5)
        with open_provider(poor, tmp_path, QUICK) as provider:
            said = list(provider.ask_all(asks_of(poor, 30), batch=True))
    kinds = [one.kind for one in said]
    answered = kinds.count("answered")
    assert kinds == ["answered"] * answered + ["budget"] * (30 - answered)
    assert 3 < answered < 30
    assert len(server.batches.created["msgbatch_1"]) == 3
    assert provider.bill.dollars <= poor.budget_dollars


def test_an_openai_server_has_no_batches(tmp_path):
    settings = Settings("m", "http://127.0.0.1:9/v1", "openai")
    with open_provider(settings, tmp_path) as provider, pytest.raises(ProviderError, match="anthropic"):
        provider.ask_all(asks_of(settings, 1), batch=True)


def test_a_batches_api_that_does_not_answer_is_one_error_that_says_how_to_go_on(tmp_path):
    with MessagesServer(good) as server:
        server.batches.fail_creations = 100
        settings = settings_of(server)
        with open_provider(settings, tmp_path, QUICK) as provider, pytest.raises(ProviderError, match="run again"):
            list(provider.ask_all(asks_of(settings, 1), batch=True))
