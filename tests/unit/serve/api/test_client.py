"""The provider driven by the real SDK and aiohttp against a server on a real socket."""

from __future__ import annotations

import sys

import pytest

from pytest_ftgate.errors import JournalError, MissingExtra, ProviderError
from pytest_ftgate.serve.api.client import check_usable, open_provider
from pytest_ftgate.serve.api.request import ApiReply, Usage
from pytest_ftgate.serve.api.settings import Settings
from tests import messages_server as faulty
from tests.messages_server import MessagesServer
from tests.unit.serve.api.questions import PATIENT, PRICES, QUICK, SCORE, asks_of, good, settings_of

KEY = "sk-ant-very-secret-123"


@pytest.fixture(params=["anthropic", "streamed", "schema", "openai", "openai_schema"])
def way(request):
    """Settings of each way to ask."""
    return {
        "anthropic": {},
        "streamed": {"stream": True},
        "openai": {"api": "openai"},
        "schema": {"structured": "json_schema"},
        "openai_schema": {"api": "openai", "structured": "json_schema"},
    }[request.param]


def test_answers_come_in_order_with_their_input_usage_and_price(tmp_path, way):
    with MessagesServer(good) as server:
        settings = settings_of(server, **way)
        with open_provider(settings, tmp_path, QUICK) as provider:
            said = list(provider.ask_all(asks_of(settings, 20)))
    assert [one.input for one in said] == [{"reason": f"about answer {n}", "score": 4} for n in range(20)]
    assert {one.kind for one in said} == {"answered"}
    assert all(one.dollars == pytest.approx(PRICES.dollars(one.usage)) and one.dollars > 0 for one in said)
    assert provider.bill.attempts == 20
    assert provider.bill.dollars == pytest.approx(sum(one.dollars for one in said))
    assert provider.bill.usage == sum((one.usage for one in said), Usage())


def test_whether_a_model_can_be_asked_shows_before_anything_is_opened(monkeypatch):
    here = Settings(base_url="http://127.0.0.1:9")
    check_usable(here)
    monkeypatch.setitem(sys.modules, "anthropic", None)
    check_usable(Settings(api="openai", base_url="http://127.0.0.1:9/v1"))
    with pytest.raises(MissingExtra, match="needs the extra 'judge'"):
        check_usable(here)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(ProviderError, match="ANTHROPIC_API_KEY is not set"):
        check_usable(Settings())


def test_free_text_is_asked_without_a_tool(tmp_path):
    with MessagesServer(lambda request: "plain words") as server:
        settings = settings_of(server)
        with open_provider(settings, tmp_path, QUICK) as provider:
            [said] = provider.ask_all(asks_of(settings, 1, tool=None))
    assert (said.kind, said.text, said.input) == ("answered", "plain words", None)
    assert "tools" not in server.requests[0]


def test_a_claude_is_forced_to_the_strict_tool_its_rubric_cached_its_thinking_off(tmp_path):
    with MessagesServer(good) as server:
        settings = settings_of(server)
        with open_provider(settings, tmp_path, QUICK) as provider:
            list(provider.ask_all(asks_of(settings, 1)))
    [body] = server.requests
    assert body["tool_choice"] == {"type": "tool", "name": "verdict", "disable_parallel_tool_use": True}
    assert body["tools"][0]["strict"] is True
    assert [block.get("cache_control") for block in body["system"]] == [None, {"type": "ephemeral"}]
    assert body["thinking"] == {"type": "disabled"}
    assert "temperature" not in body


def test_a_larger_claude_is_given_a_schema_and_left_to_think(tmp_path):
    with MessagesServer(good) as server:
        settings = settings_of(server, model="claude-sonnet-5-5", structured="json_schema")
        with open_provider(settings, tmp_path, QUICK) as provider:
            [said] = provider.ask_all(asks_of(settings, 1))
    [body] = server.requests
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": SCORE.schema}}
    assert body.keys().isdisjoint({"tools", "tool_choice", "thinking"})
    assert said.input["score"] == 4


@pytest.mark.parametrize("word", ["tool_choice: forced tool use is not supported", "requires --tool-call-parser"])
def test_a_server_that_cannot_force_a_tool_gets_a_hint(tmp_path, word):
    with MessagesServer(lambda request: faulty.Fault(400, word)) as server:
        settings = settings_of(server)
        with open_provider(settings, tmp_path, QUICK) as provider:
            [said] = provider.ask_all(asks_of(settings, 1))
    assert 'structured = "json_schema"' in said.error


def test_what_is_cached_by_the_server_is_priced_as_that(tmp_path):
    with MessagesServer(good) as server:
        settings = settings_of(server, concurrency=1)
        with open_provider(settings, tmp_path, QUICK) as provider:
            first, second = provider.ask_all(asks_of(settings, 2))
    assert first.usage.cache_write == second.usage.cache_read > 0
    assert second.dollars < first.dollars


@pytest.mark.parametrize("fault", faulty.PASSING, ids=["429", "529", "500", "malformed", "reset"])
def test_a_passing_fault_is_overcome_and_counted(tmp_path, way, fault):
    with MessagesServer(good, lambda text, attempt: fault if attempt == 1 else None) as server:
        settings = settings_of(server, **way)
        with open_provider(settings, tmp_path, QUICK) as provider:
            said = list(provider.ask_all(asks_of(settings, 3)))
    assert [one.kind for one in said] == ["answered"] * 3
    assert (provider.bill.attempts, provider.bill.retries, provider.bill.troubles.total()) == (6, 3, 3)
    maybe_paid = fault in (faulty.MALFORMED, faulty.RESET)
    assert provider.bill.possibly_billed == (3 if maybe_paid else 0)
    assert (provider.bill.possibly_dollars > 0) == maybe_paid


def test_an_attempt_without_an_answer_in_time_is_possibly_billed(tmp_path, way):
    with MessagesServer(good, lambda text, attempt: faulty.HANGS if attempt == 1 else None) as server:
        settings = settings_of(server, timeout_s=0.5, **way)
        with open_provider(settings, tmp_path, PATIENT) as provider:
            [said] = provider.ask_all(asks_of(settings, 1))
    assert said.kind == "answered"
    assert set(provider.bill.troubles) == {"timeout"}
    assert provider.bill.possibly_billed == provider.bill.troubles["timeout"] >= 1


def test_nobody_listening_is_surely_not_billed(tmp_path):
    settings = Settings(base_url="http://127.0.0.1:9", prices=PRICES)
    with open_provider(settings, tmp_path, QUICK) as provider:
        [said] = provider.ask_all(asks_of(settings, 1))
    assert said.kind == "failed"
    assert provider.bill.possibly_billed == 0
    assert provider.bill.troubles == {"connection": QUICK.attempts}


@pytest.mark.parametrize("fault", [faulty.BREAKS_OFF, faulty.ENDS_EARLY], ids=["reset", "ended"])
def test_a_stream_that_breaks_off_is_asked_again(tmp_path, fault):
    with MessagesServer(good, lambda text, attempt: fault if attempt == 1 else None) as server:
        settings = settings_of(server, stream=True)
        with open_provider(settings, tmp_path, QUICK) as provider:
            [said] = provider.ask_all(asks_of(settings, 1))
    assert said.kind == "answered"
    assert provider.bill.possibly_billed == 1


@pytest.mark.parametrize(
    ("reply", "kind", "error"),
    [
        (faulty.REFUSAL, "refused", "refused"),
        (faulty.CUT_OFF, "invalid", "truncated"),
        ({"reason": "x", "score": 9}, "invalid", "score"),
        ({"score": 3}, "invalid", "reason"),
        ("I would say four.", "invalid", ""),
    ],
)
def test_an_answer_that_cannot_be_used_is_paid_kept_and_says_why(tmp_path, way, reply, kind, error):
    with MessagesServer(lambda request: reply) as server:
        settings = settings_of(server, **way)
        with open_provider(settings, tmp_path, QUICK) as provider:
            [said] = provider.ask_all(asks_of(settings, 1))
            [replayed] = provider.ask_all(asks_of(settings, 1))
            [again] = provider.ask_all([asks_of(settings, 1)[0].again()])
    assert (said.kind, said.input) == (kind, None)
    assert error in said.error
    assert said.dollars > 0
    assert replayed.kind == kind
    assert replayed.replayed
    assert not again.replayed
    assert len(server.requests) == 2


def test_a_refused_request_is_not_sent_again(tmp_path, way):
    with MessagesServer(lambda request: faulty.Fault(400, "max_tokens: too large")) as server:
        settings = settings_of(server, **way)
        with open_provider(settings, tmp_path, QUICK) as provider:
            [said] = provider.ask_all(asks_of(settings, 1))
    assert said.kind == "failed"
    assert "max_tokens: too large" in said.error
    assert len(server.requests) == 1


def test_what_is_answered_is_not_asked_by_the_next_run(tmp_path):
    with MessagesServer(good) as server:
        settings = settings_of(server)
        with open_provider(settings, tmp_path, QUICK) as provider:
            first = list(provider.ask_all(asks_of(settings, 5)))
        with open_provider(settings, tmp_path, QUICK) as provider:
            assert provider.estimate(asks_of(settings, 5)) == 0
            second = list(provider.ask_all([*asks_of(settings, 6), *asks_of(settings, 6)]))
    assert [one.input for one in second[:5]] == [one.input for one in first]
    assert len(server.requests) == 6
    assert provider.bill.saved_dollars > 0


def test_two_runs_do_not_ask_in_one_folder_at_once(tmp_path):
    with MessagesServer(good) as server:
        settings = settings_of(server)
        with open_provider(settings, tmp_path), pytest.raises(JournalError, match="another run"):
            open_provider(settings, tmp_path)


def test_leaving_early_sends_no_more_and_keeps_what_was_under_way(tmp_path):
    released = []
    with MessagesServer(good) as server:
        server.hold = lambda text: text != "answer 0" and not released
        settings = settings_of(server, concurrency=4)
        with open_provider(settings, tmp_path, QUICK) as provider:
            answers = provider.ask_all(asks_of(settings, 30))
            next(answers)
            answers.close()
            released.append(True)
        sent = len(server.requests)
        assert 1 <= sent <= 5
        with open_provider(settings, tmp_path, QUICK) as provider:
            assert provider.bill.unfinished == 0
            list(provider.ask_all(asks_of(settings, 30)))
    assert provider.bill.replayed == sent
    assert set(server.answered.values()) == {1}
    assert len(server.requests) == 30


def test_without_a_key_the_error_names_the_variable(tmp_path, monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(ProviderError, match="set ANTHROPIC_API_KEY"):
        open_provider(Settings(), tmp_path)


def test_a_wrong_key_ends_the_run_and_is_not_repeated(tmp_path, monkeypatch, way):
    monkeypatch.setenv("JUDGE_KEY", KEY)
    with MessagesServer(good, api_key="another") as server:
        settings = settings_of(server, api_key_env="JUDGE_KEY", **way)
        with open_provider(settings, tmp_path, QUICK) as provider, pytest.raises(ProviderError) as error:
            list(provider.ask_all(asks_of(settings, 3)))
    assert "JUDGE_KEY" in str(error.value)
    assert "***" in str(error.value)
    assert KEY not in str(error.value)


def test_after_a_denial_nothing_is_sent_that_had_not_been_sent(tmp_path, way):
    with MessagesServer(good, faults=lambda _text, _attempt: faulty.Fault(401, "no such key")) as server:
        settings = settings_of(server, concurrency=1, **way)
        with open_provider(settings, tmp_path, QUICK) as provider:
            for _ in range(2):
                with pytest.raises(ProviderError, match="does not serve"):
                    list(provider.ask_all(asks_of(settings, 9)))
        assert server.seen.total() == 1


def test_a_key_of_the_environment_is_not_sent_to_another_host(tmp_path, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", KEY)
    with MessagesServer(good) as server:
        settings = settings_of(server)
        with open_provider(settings, tmp_path, QUICK) as provider:
            list(provider.ask_all(asks_of(settings, 1)))
    assert server.headers
    assert KEY not in str(server.headers)


def test_a_said_survives_the_journal():
    said = ApiReply("k", {"score": 1}, "t", "tool_use", Usage(1, 2, 3, 4), 0.5, "", "answered")
    assert ApiReply.from_json(said.to_json()) == ApiReply(
        "k", {"score": 1}, "t", "tool_use", Usage(1, 2, 3, 4), 0.5, replayed=True
    )
