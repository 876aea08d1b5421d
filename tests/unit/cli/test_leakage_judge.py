"""`ftgate leakage --semantic-judge` with the real SDK against a local server; vectors of letters stand in for a model."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.leakage.pair_prompt import VERDICTS
from pytest_ftgate.serve.api.settings import Settings
from pytest_ftgate.serve.api.token_prices import Prices
from pytest_ftgate.serve.embed import encoder
from tests.messages_server import CUT_OFF, REFUSAL, MessagesServer, text_of
from tests.projects import write_rows

GOLDENS = {"a": "When is the meeting on Thursday?", "b": "Who won the football final?", "c": "zzzz zzzz"}
ROWS = ["On Thursday, when is the meeting?", "The football final: who won it?", "Stir the flour."]
SAME, _ANSWER, TOPIC, UNRELATED = VERDICTS


def letters(texts) -> np.ndarray:
    counts = np.array([[text.lower().count(one) for one in "abcdefghijklmnopqrstuvwxyz"] for text in texts], float)
    return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(encoder, "encoder_of", lambda _model, _what: letters)
    goldens = [{"id": name, "input": text, "expected": f"answer {name}"} for name, text in GOLDENS.items()]
    write_rows(tmp_path / "goldens/s.golden.jsonl", goldens)
    write_rows(tmp_path / "t.jsonl", [{"input": text, "expected": "said"} for text in ROWS])
    return tmp_path


@pytest.fixture
def check(folder, capsys):
    """check(server, more arguments) -> exit code, lines of output, errors."""

    def run(server: MessagesServer, *more: str, file: str = "t.jsonl"):
        made = ["leakage", file, "--semantic", "letters", "--semantic-judge", "--judge-url", server.url]
        code = main([*made, "--judge-price", "1", "5", *more])
        out, err = capsys.readouterr()
        return code, out.splitlines(), err

    return run


def word(body):
    return {"reason": "The hour\x1b[2J is asked.", "verdict": SAME if "Thursday" in text_of(body) else TOPIC}


def test_each_near_pair_is_listed_with_the_models_word_its_reason_counts_and_bill_and_asked_once(check):
    with MessagesServer(word) as server:
        code, lines, err = check(server)
        assert (code, err, len(server.requests)) == (0, "", 2)
        start = next(place for place, line in enumerate(lines) if line.startswith("embedding matches"))
        assert lines[start].endswith("letters, cosine >= 0.8): 2 of 3 golden cases")
        assert lines[start + 1].startswith("judged by claude-haiku-5-5 (advisory): ")
        counts = "1 same question reworded, 0 shares the answer, 1 only the same topic, 0 unrelated, 0 not judged"
        assert lines[start + 1].endswith(counts)
        assert lines[start + 2].startswith("  t.jsonl:1: similarity 1.00 to golden case s/a: 'When is the meeting on")
        assert lines[start + 3] == "    same question reworded: 'The hour\\x1b[2J is asked.'"
        assert lines[start + 5].startswith("    only the same topic: ")
        assert lines[start + 6].startswith("  2 asked (0 cached), 2 requests, $0.0")
        assert not lines[start + 6].endswith("$0.0000")
        _, again, _ = check(server)
        assert len(server.requests) == 2
        assert again[:-1] == lines[:-1]
        assert again[-1] == "  2 asked (2 cached), 0 requests, $0.0000"


def test_what_is_sent_is_question_answer_and_row_as_data_and_a_strict_forced_tool(check):
    with MessagesServer(word) as server:
        check(server)
    body = next(each for each in server.requests if "Thursday" in text_of(each))
    for name, text in (
        ("exam question", GOLDENS["a"]),
        ("exam answer", "answer a"),
        ("training row", f"{ROWS[0]}\nsaid"),
    ):
        mark = text_of(body).split(f"<<{name} ")[1].split(">>")[0]
        assert f"<<{name} {mark}>>\n{text}\n<<end of {name} {mark}>>" in text_of(body)
    assert body["tools"][0]["strict"] is True
    assert body["tool_choice"]["name"] == body["tools"][0]["name"]
    assert not [each for each in server.requests if "zzzz" in text_of(each)]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (REFUSAL, "refused: refused by the model"),
        (CUT_OFF, "invalid verdict: response truncated (max_tokens)"),
        ({"reason": "So.", "verdict": "maybe"}, "invalid verdict: $.verdict: "),
        ({"verdict": SAME}, "invalid verdict: $: "),
    ],
)
def test_what_is_no_verdict_is_told_as_not_judged_and_not_paid_for_twice(check, said, why):
    with MessagesServer(lambda body: said if "Thursday" in text_of(body) else word(body)) as server:
        code, lines, _ = check(server)
        assert code == 0
        assert any(line.endswith("1 only the same topic, 0 unrelated, 1 not judged") for line in lines)
        assert [line for line in lines if line.startswith(("    not judged: '" + why, '    not judged: "' + why))]
        check(server)
        assert len(server.requests) == 2


def test_the_judge_changes_no_exit_code(check, folder):
    write_rows(folder / "leaked.jsonl", [{"input": f"{GOLDENS['a']} {GOLDENS['b']}"}, {"input": GOLDENS["a"]}])
    for verdict in (SAME, UNRELATED):
        with MessagesServer(lambda _body, verdict=verdict: {"reason": "r", "verdict": verdict}) as server:
            assert check(server, "--state-dir", verdict)[0] == 0
            code, lines, _ = check(server, "--state-dir", verdict, file="leaked.jsonl")
            assert code == 11
            assert any(verdict in line for line in lines)


def test_a_server_that_denies_the_model_leaves_all_not_judged_and_the_exit_code(check):
    from tests.messages_server import Fault

    with MessagesServer(lambda _body: Fault(404, "no such model")) as server:
        code, lines, _ = check(server)
    assert code == 0
    assert any(line.endswith("0 unrelated, 2 not judged") for line in lines)
    assert any("no such model" in line for line in lines)


def test_the_budget_holds_and_what_it_leaves_out_is_asked_later(check):
    with MessagesServer(word) as server:
        _, lines, _ = check(server, "--judge-budget", "0")
        assert not server.requests
        assert sum(line.startswith("    not judged: 'budget exhausted") for line in lines) == 2
        check(server, "--judge-budget", "1")
        assert len(server.requests) == 2


def test_a_dear_estimate_is_agreed_to_first(check):
    with MessagesServer(word) as server:
        dear = ("--judge-price", "1000", "5000")
        code, lines, _ = check(server, *dear)
        assert (code, len(server.requests)) == (0, 0)
        assert any(line.startswith("not judged (2 pairs): judging 2 pairs may cost about $") for line in lines)
        assert any("--yes" in line for line in lines)
        check(server, *dear, "--yes")
        assert len(server.requests) == 2


def test_no_key_is_told_before_anything_is_read(folder, capsys):
    assert main(["leakage", "t.jsonl", "--semantic", "letters", "--semantic-judge"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "environment variable ANTHROPIC_API_KEY is not set" in err


def test_mistakes_are_told(folder, capsys):
    for more, told in (
        (["--semantic-judge"], "needs --semantic MODEL"),
        (["--semantic", "letters", "--judge-budget", "1"], "--judge-budget needs --semantic-judge"),
        (["--semantic", "x", "--semantic-judge", "--judge-budget", "-1"], "budget_dollars is -1.0"),
        (["--semantic", "x", "--semantic-judge", "gpt", "--judge-url", "https://far.example"], "no price for model"),
    ):
        assert main(["leakage", "t.jsonl", *more]) == 2
        assert told in capsys.readouterr().err


def test_personal_data_in_a_pair_is_told_where_another_machine_will_read_it(folder, capsys):
    """The stranger is asked for nothing: the budget is zero."""
    from pytest_ftgate.cli.leakage_judge import tell_judged
    from pytest_ftgate.leakage.semantic import Nearest

    class Args:
        state_dir, yes = folder / "state", False

    pair = Nearest("s/a", "t.jsonl", 1, 0.9, "Who is it?", "Who?", row="Write to jane.doe@birch.org, please.")
    far = Settings(base_url="https://far.example", budget_dollars=0.0, prices=Prices(1, 5, 1, 1))
    tell_judged(Args(), far, [pair])
    assert "1 of these pairs contain personal data and are sent to https://far.example" in capsys.readouterr().out
