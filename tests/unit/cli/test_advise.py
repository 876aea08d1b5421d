"""`ftgate advise` asks a real server and says what follows from what was measured, each advice from its own numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest

from pytest_ftgate.cli.main import main
from tests.messages_server import MessagesServer
from tests.mock_openai import Fault, MockServer
from tests.projects import lock, write, write_golden, write_pipeline, write_rows
from tests.unit.train.conftest import model_dir, tokenizer  # noqa: F401 - fixtures

TOML = """
[prompt]
system = "Is the number even or odd? Answer with one word."

[prompt.variants.strict]
system = "STRICT: is the number even or odd? Answer with one word."
"""
FLOOR = '[gate]\n[[gate.floor]]\nmetric = "accuracy"\nmin = 0.9\n'
ANSWER = ("even", "odd")
JOURNAL = ".ftgate/journal/parity.jsonl"


def number(n):
    return {"input": f"The number is {n}.", "expected": ANSWER[n % 2]}


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """300 cases, 30 validation rows, 600 training rows, which the answers of a server decide about."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path)
    return tmp_path


def make(folder: Path, cases: int = 200, rows: int = 600, toml: str = TOML + FLOOR) -> None:
    write_golden(folder / "goldens/parity", [{"id": f"c{n}", **number(n)} for n in range(cases)], toml)
    lock(folder / "goldens/parity")
    home = folder / "pipelines/parity"
    write_rows(home / "train.jsonl", [number(n) for n in range(10_000, 10_000 + rows)])
    write_rows(home / "validation.jsonl", [number(n) for n in range(5_000, 5_030)])
    write_pipeline(home, "parity")


def right_in(zero: float, few: float | None = None, strict: float | None = None) -> Callable[..., str]:
    """A model that is right in these shares of all numbers: the same numbers in every run."""

    def answer(messages) -> str:
        system = messages[0]["content"] if messages[0]["role"] == "system" else ""
        share = (few if len(messages) > 2 else zero) if "STRICT" not in system else strict
        n = int(re.findall(r"\d+", messages[-1]["content"])[0])
        return ANSWER[n % 2] if crc32(b"%d" % n) % 1000 < 1000 * (zero if share is None else share) else "no idea"

    return answer


@pytest.fixture
def advise(capsys):
    """advise(answer, *options) -> exit code, standard output, standard error; of a server that answers so."""

    def run(answer, *options: str) -> tuple[int, str, str]:
        with MockServer(answer) as server:
            code = main(["advise", "parity", "--base-url", server.base_url, "--model", "mock", *options])
            run.requests, run.bodies = len(server.requests), server.requests
        return code, *capsys.readouterr()

    return run


def advice_in(out: str) -> str:
    return re.search(r"^advice: (.*)$", out, re.M)[1]


@pytest.mark.parametrize(
    ("answer", "advice", "because"),
    [
        (right_in(0.99), "KEEP THE PROMPT", "lower bound 0.9"),
        (right_in(0.4, few=0.99), "KEEP THE PROMPT", "with prompt 'few-shot (4)'"),
        (right_in(0.4, strict=0.99), "KEEP THE PROMPT", "with prompt 'prompt strict'"),
        (right_in(0.88), "NOT SHOWN", "the prompt is at the target (0.930 >= 0.9)"),
        (right_in(0.84), "WORK ON THE PROMPT", "all of it under 10 points"),
        (right_in(0.76), "NOT DECIDED", "10 points are inside; "),
        (right_in(0.4), "FINE-TUNE", "with 600 training rows to close it"),
    ],
)
def test_each_advice_from_the_base_model_alone(project, advise, answer, advice, because):
    code, out, err = advise(answer)
    assert (code, err) == (0, "")
    assert advice_in(out) == advice, out
    assert because in out


def test_what_is_measured_is_shown_with_its_intervals(project, advise):
    out = advise(right_in(0.5, few=0.7))[1]
    assert "base model mock, served at http" in out
    assert "30 validation rows with 4 prompts, 200 cases of parity" in out
    rows = {line.split("  ")[1].strip(): line for line in out.splitlines() if "(n = 30)" in line}
    assert set(rows) == {"zero-shot", "few-shot (4) *", "prompt strict", "prompt strict, few-shot (4)"}
    assert len(re.findall(r"\[0\.\d+, 0\.\d+\] \(n = 200\)", rows["zero-shot"] + rows["few-shot (4) *"])) == 2
    assert "n = 200" not in rows["prompt strict"], "goldens are asked by the best prompt alone"
    assert re.search(r"few-shot \(4\) against zero-shot: \+\d\d\.\d points \[\+\d+\.\d, \+\d+\.\d\]", out)
    assert "it does not count as a use of the golden sets" in out


def test_equal_prompts_are_not_decided(project, advise):
    out = advise(right_in(0.5, few=0.503))[1]
    assert "few-shot (4) against zero-shot: not decided: +0." in out


def test_a_second_run_asks_nothing_and_says_the_same(project, advise):
    first = advise(right_in(0.5))
    assert advise.requests > 300
    second = advise(right_in(0.0))
    assert advise.requests == 0
    assert re.sub(r":\d+/", ":0/", second[1]) == re.sub(r":\d+/", ":0/", first[1])


def test_few_rows_and_few_cases(tmp_path, monkeypatch, advise):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, rows=150)
    out = advise(right_in(0.4))[1]
    assert advice_in(out) == "COLLECT ROWS"
    assert "150 training rows; 50 more are needed for 200" in out
    make(tmp_path / "other", cases=12, toml=TOML)
    monkeypatch.chdir(tmp_path / "other")
    out = advise(right_in(0.5), "--target", "0.85")[1]
    assert advice_in(out) in {"WRITE CASES", "NOT DECIDED"}


def test_an_example_holds_no_answer_that_is_asked_for(project, advise):
    write_rows(project / "pipelines/parity/train.jsonl", [number(n) for n in (*range(200), *range(10_000, 10_010))])
    out = advise(right_in(0.5))[1]
    assert "200 training rows ask what a case or validation row asks: none of them is an example" in out
    shown = {turn["content"] for body in advise.bodies for turn in body["messages"][1:-1] if turn["role"] == "user"}
    assert len(shown) == 4
    assert all(re.search(r" 100\d\d\.", text) for text in shown)


def test_a_target_is_needed_and_may_be_given(tmp_path, monkeypatch, advise):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, toml=TOML)
    code, _, err = advise(right_in(0.5))
    assert code == 2
    assert "parity: no target" in err
    assert "--target 0.9" in err
    assert "target: accuracy 0.5 on parity (--target)" in advise(right_in(0.9), "--target", "0.5")[1]


def test_a_server_that_fails_is_no_score(project, advise):
    code, out, err = advise(lambda _: Fault(status=404, text="no such model"))
    assert code == 2
    assert "not measured: none of 30 cases has a grade" in err
    assert re.search(r"30 of 30 requests failed, the first with: .*no such model", err)
    assert "advice:" not in out


def test_a_prompt_that_fails_is_told_with_its_first_error(project, advise):
    answer = right_in(0.9)
    code, out, err = advise(lambda said: Fault(status=400, text="too long") if len(said) > 2 else answer(said))
    assert (code, err) == (0, "")
    assert re.search(r"^  few-shot \(4\) +not measured +not measured$", out, re.M), out
    assert re.search(
        r"^  few-shot \(4\), parity: .*; 200 of 200 requests failed, the first with: .*too long", out, re.M
    )
    assert "[lower, upper]: bounds, each one-sided at 95 %" in out


F1 = """[label]
values = ["even", "odd"]
[gate]
[[gate.floor]]
metric = "f1"
positive = "odd"
min = 0.9
"""


def test_a_label_that_no_validation_row_has(tmp_path, monkeypatch, advise):
    """The prompts are chosen by accuracy then, and the golden sets are shown by the metric of the floor."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path, cases=40, toml=TOML + F1)
    write_rows(tmp_path / "pipelines/parity/validation.jsonl", [number(n) for n in range(5_000, 5_040, 2)])
    code, out, err = advise(right_in(0.4))
    assert (code, err) == (0, "")
    assert re.search(r"^ +accuracy, validation +f1 \(odd\), parity$", out, re.M), out
    assert "on the validation rows, by accuracy (class 'odd' has no cases among the 20 selected" in out
    code, _, err = advise(right_in(0.4), "--limit", "1")
    assert code == 2
    assert "--limit 1 left the other cases out: raise it, or ask all: --limit 0" in err


PRICES = """
[machine]
price_per_hour = 1.0
requests_per_hour = 500000
[[provider]]
name = "claude-haiku-5-5"
input_per_million = 1.0
output_per_million = 5.0
"""


@pytest.fixture
def claude(monkeypatch):
    """claude(share) -> a Messages API, spoken to by the real client, that is right in this share."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")

    def serve(share: float) -> MessagesServer:
        return MessagesServer(lambda body: right_in(share)(body["messages"]))

    return serve


def test_a_reference_that_misses_the_target_too(project, advise, claude):
    with claude(0.6) as server:
        out = advise(right_in(0.4), "--reference", "claude-haiku-5-5", "--reference-url", server.url)[1]
        assert len(server.requests) == 230
        assert server.requests[0]["system"][0]["text"].startswith("Is the number even")
        advise(right_in(0.4), "--reference", "claude-haiku-5-5", "--reference-url", server.url)
        assert len(server.requests) == 230, "what was asked once is kept"
    assert advice_in(out) == "LOOK AT THE TARGET"
    assert re.search(r"^  claude-haiku-5-5 +0\.\d+ \[.*\(n = 30\) +0\.\d+ \[.*\(n = 200\)", out, re.M)


def test_below_the_break_even_an_api_is_cheaper(project, advise, claude):
    write(project / "prices.toml", PRICES)
    with claude(1.0) as server:
        options = ("--reference", "claude-haiku-5-5", "--reference-url", server.url, "--requests-per-day")
        few, many = (advise(right_in(0.4), *options, volume)[1] for volume in ("100", "100000000"))
        unknown = advise(right_in(0.4), *options[:-1])[1]
    assert advice_in(few) == "USE THE API"
    assert "3,042 requests a month are expected" in few
    assert "break-even, requests/month" in few
    assert advice_in(many) == "FINE-TUNE"
    assert advice_in(unknown) == "FINE-TUNE"
    assert "whether its API costs less is not known" in unknown


def test_the_price_of_a_reference_is_capped_before_anything_is_sent(project, advise, claude):
    with claude(1.0) as server:
        options = ("--reference", "claude-x", "--reference-url", server.url, "--reference-price", "1000", "1000")
        code, _, err = advise(right_in(0.4), *options)
        assert (code, server.requests, advise.requests) == (2, [], 0)
    assert re.search(r"asking claude-x may cost about \$\d+\.\d\d, more than --reference-budget 1", err)


def test_the_base_model_of_the_pipeline_is_served_and_held_to_choices(tmp_path, monkeypatch, capsys, model_dir):  # noqa: F811
    """A random model, which says nothing of the kind by itself."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path, cases=20, toml="[request]\nmax_tokens = 8\n")
    rows = tmp_path / "pipelines/parity/validation.jsonl"
    write_rows(rows, [number(n) for n in range(10)])
    choices = '[baseline]\nfew_shot = 2\nchoices = ["even", "odd"]\n'
    write_pipeline(tmp_path / "pipelines/parity", "parity", model=str(model_dir), more=choices)
    code = main(["advise", "parity", "--target", "0.9"])
    out, err = capsys.readouterr()
    assert code == 0, err
    assert "base model tiny: 10 validation rows with 2 prompts, 20 cases of parity" in out
    assert "answers are held to the choices of [baseline]: even, odd" in out
    answers = [json.loads(line)["response"]["text"] for line in (tmp_path / JOURNAL).read_text().splitlines()]
    assert len(answers) == 40
    assert set(answers) <= {"even", "odd"}


def test_personal_data_that_are_sent_are_counted(project, advise, claude):
    rows = project / "pipelines/parity/validation.jsonl"
    write_rows(rows, [{"input": "Mail jane.doe@harbour-mail.org: is 3 even?", "expected": "odd"}, number(4)])
    with claude(1.0) as server:
        out = advise(right_in(0.4), "--limit", "20", "--reference", "claude-haiku-5-5", "--reference-url", server.url)[
            1
        ]
    assert "claude-haiku-5-5 is sent these rows and cases, at most $1" in out
    assert "  1 of them hold personal data or secrets; see ftgate data redact" in out
    assert "2 validation rows with 4 prompts, 20 of 200 cases of parity" in out


def test_cases_with_tools_are_not_sent_to_a_reference(tmp_path, monkeypatch, advise, claude):
    monkeypatch.chdir(tmp_path)
    tool = '[[request.tools]]\ntype = "function"\nfunction = { name = "look", parameters = { type = "object" } }\n'
    make(tmp_path, cases=20, toml=TOML + tool + FLOOR)
    with claude(1.0) as server:
        out = advise(right_in(0.4), "--reference", "claude-haiku-5-5", "--reference-url", server.url)[1]
        assert server.requests == []
    assert "parity: the reference model is not asked: its cases offer tools" in out
    assert re.search(r"^  claude-haiku-5-5 +not measured +not measured", out, re.M)


def test_a_row_that_cannot_be_graded_is_named(project, advise):
    rows = project / "pipelines/parity/validation.jsonl"
    rows.write_text(json.dumps({"input": "x", "expected": "even", "graders": [{"kind": "numeric"}]}) + "\n")
    code, _, err = advise(right_in(0.5))
    assert code == 2
    assert "validation.jsonl:1: cannot be graded: " in err
