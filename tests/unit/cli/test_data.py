"""`ftgate data check` as a user types it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from tests.projects import write_golden, write_rows


def words(number: int, seed: int) -> str:
    draw = random.Random(seed)
    return " ".join("".join(draw.choices("abcdefghijklmnop", k=6)) for _ in range(number))


def clean(number: int = 500) -> list[dict[str, object]]:
    return [{"prompt": words(8, seed), "completion": "yes" if seed % 2 else "no"} for seed in range(number)]


@pytest.fixture
def check(tmp_path, capsys, monkeypatch):
    """check(rows, *arguments) -> exit code, lines by check."""
    monkeypatch.chdir(tmp_path)

    def run(rows, *args):
        write_rows(tmp_path / "t.jsonl", rows)
        code = main(["data", "check", "t.jsonl", *args])
        lines = capsys.readouterr().out.splitlines()
        return code, {line.split()[0]: line for line in lines}

    return run


def test_clean_rows_are_exit_code_0_and_a_line_a_check(check):
    code, lines = check(clean())
    assert code == 0
    assert lines["data:"] == "data: 500 rows of 1 file"
    names = ["schema", "answers", "short", "duplicates", "near", "contradictions", "balance", "size", "pii", "secrets"]
    assert all(lines[name].split()[1] == "ok" for name in names)
    assert lines["balance"].endswith("classes: no 50.0%, yes 50.0%")
    assert "--model DIR" in lines["truncated"]


def test_faults_are_exit_code_1_with_count_places_and_advice(check):
    rows = clean()
    rows += [
        rows[3],
        {"prompt": "write to ann@birch.org", "completion": "yes"},
        {"prompt": "x"},
        rows[4],
        rows[5],
        rows[6],
    ]
    code, lines = check(rows)
    assert code == 1
    assert (
        "duplicates      ERROR    4 found: t.jsonl:501 (duplicate of t.jsonl:4), t.jsonl:504 (dup"
        in lines["duplicates"]
    )
    assert "and 1 more; keep one of each" in lines["duplicates"]
    assert "pii             ERROR    1 found: t.jsonl:502 (e-mail); models memorise" in lines["pii"]
    assert "ann@birch.org" not in "".join(lines.values())
    assert "schema          ERROR    1 found: t.jsonl:503 (unknown row format" in lines["schema"]


def test_a_file_that_is_not_there_is_one_error(check, capsys):
    assert main(["data", "check", "nope.jsonl", "neither.csv"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "ftgate: neither.csv: not found; expected a file of training rows",
        "nope.jsonl: not found; expected a file of training rows",
    ]


def test_where_no_row_can_be_read_no_check_is_ok(check, tmp_path, capsys):
    code, lines = check([{"id": number, "Frage": "x", "Antwort": "y"} for number in range(80)])
    assert code == 1
    assert set(lines) == {"data:", "schema", "no"}
    assert (
        "80 found: t.jsonl:1 (unknown row format; found keys: 'Frage', 'Antwort'; nearest: question + answer; rename, "
        'or map in pipeline.toml: [data.columns] question = "Frage", answer = "Antwort"; the same in 79 more rows);'
    ) in lines["schema"]
    code, lines = check([])
    assert (code, "1 found: t.jsonl (no rows found);" in lines["schema"]) == (1, True)


def test_a_key_that_nothing_reads_is_one_warning_with_its_count(check):
    rows = clean()
    rows[3] |= {"rating": 4, "cluster": "c"}
    rows[5] |= {"rating": 5, "url": "x"}
    code, lines = check(rows)
    assert code == 0
    assert "keys            warning  1 found: t.jsonl:4 (not used: 'rating' in 2 rows, 'url' in 1 row)" in lines["keys"]


def test_answers_that_people_rejected_are_found(check):
    rows = clean()
    rows[3]["label"] = False
    rows[4]["label"] = True
    code, lines = check(rows)
    assert code == 0
    assert "warning  1 found: t.jsonl:4 (people rejected this answer (label false))" in lines["method"]
    assert 'method = "kto"' in lines["method"]


def test_calls_thoughts_and_texts_alone_are_clean_rows(check):
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    said = [
        {"role": "user", "content": words(8, 9998)},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "", "tool_call_id": "c"},
        {"role": "assistant", "content": "yes", "reasoning_content": "It says so."},
    ]
    rows = [*clean(), {"messages": said}, {"messages": said[:2]}, {"text": words(30, 1)}, {"text": words(30, 2)}]
    code, lines = check(rows)
    assert code == 0
    assert all(
        line.split()[1] == "ok" for name, line in lines.items() if name in {"answers", "turns", "schema", "keys"}
    )
    code, lines = check([*rows, {"text": words(30, 1)}])
    assert "t.jsonl:505 (duplicate of t.jsonl:503)" in lines["duplicates"]


def test_an_empty_file_beside_a_good_one_is_an_error(check, tmp_path):
    (tmp_path / "v.csv").write_text("prompt,completion\n")
    code, lines = check(clean(), "v.csv")
    assert code == 1
    assert "v.csv (no rows found)" in lines["schema"]


def test_warnings_do_not_fail_and_errors_can_be_allowed(check):
    code, lines = check(clean(300))
    assert (code, lines["size"].split()[1]) == (0, "warning")
    few = clean(100)
    assert check(few)[0] == 1
    code, lines = check(few, "--allow", "size")
    assert (code, lines["size"].split()[1]) == (0, "warning")


def test_rows_of_several_files_are_compared(check, tmp_path, capsys):
    (tmp_path / "v.csv").write_text(f"prompt,completion\n{words(8, 3)},yes\n")
    code, lines = check(clean(), "v.csv")
    assert code == 1
    assert lines["data:"] == "data: 501 rows of 2 files"
    assert "v.csv:2 (duplicate of t.jsonl:4)" in lines["duplicates"]


def test_goldens_asked_with_tools_and_rows_without_are_one_warning(check, tmp_path, capsys):
    tool = {"type": "function", "function": {"name": "lookup", "parameters": {"type": "object"}}}
    settings = {"golden": {"request": {"tools": [tool]}}}
    cases = [{"id": f"c{number}", "input": words(8, 9000 + number), "expected": "yes"} for number in range(4)]
    write_rows(tmp_path / "one.golden.jsonl", [settings, *cases])
    code, lines = check(clean(), "--goldens", "one.golden.jsonl")
    told = "coverage        warning  1 found: tools (0 of 500 rows have tools; 4 of 4 golden cases do)"
    assert (code, told in lines["coverage"]) == (0, True)
    with_tools = [row | {"tools": [tool]} for row in clean()]
    assert "coverage        ok" in check(with_tools, "--goldens", "one.golden.jsonl")[1]["coverage"]
    write_rows(tmp_path / "one.golden.jsonl", [cases[0] | {"tools": [tool]}, *cases[1:]])
    told = "1 found: tools (500 of 500 rows have tools; 3 of 4 golden cases do not)"
    assert told in check(with_tools, "--goldens", "one.golden.jsonl")[1]["coverage"]


def test_a_golden_among_the_rows(check, tmp_path, capsys):
    golden = {"id": "a", "input": words(8, 7), "expected": "yes"}
    write_rows(tmp_path / "one.golden.jsonl", [golden])
    code, lines = check(clean(), "--goldens", "one.golden.jsonl")
    assert code == 1
    assert "t.jsonl:8: leak of golden case one/a (exact" in lines["t.jsonl:8:"]
    golden["input"] = words(8, 9999)
    write_rows(tmp_path / "one.golden.jsonl", [golden])
    assert check(clean(), "--goldens", "one.golden.jsonl")[0] == 0


def test_mistakes_are_told(check, capsys, tmp_path):
    assert main(["data", "check", "t.jsonl", "--max-length", "5"]) == 2
    assert "needs --model DIR" in capsys.readouterr().err
    assert main(["data", "check", "t.jsonl", "--perplexity"]) == 2
    assert "--perplexity needs --model DIR" in capsys.readouterr().err
    assert main(["data", "check", "t.jsonl", "--model", "nowhere", "--perplexity", "5"]) == 2
    assert "nowhere: is not a model folder" in capsys.readouterr().err
    assert main(["data", "check", "t.jsonl", "--model", "nowhere"]) == 2
    assert "nowhere: is not a model folder" in capsys.readouterr().err


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A tokenizer with a word for each token, and a chat template that refuses a system turn."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]")
    fast.chat_template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system turn') }}{% endif %}"
        "<{{ m.role }}> {{ m.content }} <end> {% endfor %}"
    )
    folder = tmp_path_factory.mktemp("model")
    fast.save_pretrained(str(folder))
    return str(folder)


def test_tokens_are_counted_in_the_models_own_template(check, model):
    rows = [*clean(), {"prompt": words(20, 1), "completion": "yes"}]
    code, lines = check(rows, "--model", model, "--max-length", "13")
    assert code == 0
    assert "truncated       warning  1 found: t.jsonl:501 (25 tokens)" in lines["truncated"]
    assert "0.2% of the rows exceed 13 tokens" in lines["truncated"]
    assert check(rows, "--model", model, "--max-length", "12")[0] == 1
    assert check(rows, "--model", model)[1]["truncated"].split()[1] == "ok"


def test_the_longer_answer_of_a_preference_counts(check, model):
    rows = [*clean(), {"prompt": "q", "chosen": "a", "rejected": words(20, 1)}]
    assert "(25 tokens)" in check(rows, "--model", model, "--max-length", "13")[1]["truncated"]


def test_a_turn_that_the_template_refuses_is_an_error(check, model):
    turns = [{"role": role, "content": role} for role in ("system", "user", "assistant")]
    code, lines = check([*clean(), {"messages": turns}], "--model", model)
    assert code == 1
    assert "t.jsonl:501 (rejected by the chat template: no system turn)" in lines["truncated"]


def test_a_redacted_copy_passes_the_check(check, capsys, tmp_path):
    rows = [*clean(), {"prompt": "write to ann@birch.org or cy@dale.org", "completion": "yes"}]
    assert check(rows)[0] == 1
    assert main(["data", "redact", "t.jsonl", "copy.jsonl"]) == 0
    assert capsys.readouterr().out == "copy.jsonl: 501 rows of 501; 1 redacted for personal data or keys\n"
    assert "write to <EMAIL> or <EMAIL>" in (tmp_path / "copy.jsonl").read_text()
    assert main(["data", "check", "copy.jsonl"]) == 0
    capsys.readouterr()
    assert main(["data", "redact", "t.jsonl", "copy.jsonl", "--drop"]) == 0
    assert capsys.readouterr().out == "copy.jsonl: 500 rows of 501; 1 dropped for personal data or keys\n"
    assert main(["data", "redact", "gone.jsonl", "copy.jsonl"]) == 2
    assert "gone.jsonl: cannot read training data" in capsys.readouterr().err


GERMAN = ["--column", "question=Frage", "--column", "answer=Antwort"]


def test_columns_of_other_names_are_mapped(check, capsys, tmp_path):
    rows = [{"Frage": row["prompt"], "Antwort": row["completion"]} for row in clean()]
    assert check(rows)[0] == 1
    code, lines = check(rows, *GERMAN)
    assert (code, lines["data:"]) == (0, "data: 500 rows of 1 file")
    assert main(["data", "redact", "t.jsonl", "copy.jsonl", *GERMAN]) == 0
    assert main(["data", "split", "t.jsonl", "--out", "parts", *GERMAN]) == 0
    assert main(["data", "dedup", "t.jsonl", "one.jsonl", "--against", "copy.jsonl", *GERMAN]) == 0
    assert (tmp_path / "one.jsonl").read_text() == ""
    assert main(["data", "dedup", "t.jsonl", "one.jsonl", *GERMAN]) == 0
    for file in ("copy.jsonl", "one.jsonl", "parts/train.jsonl"):
        assert {"question", "answer"} <= set(json.loads((tmp_path / file).read_text().splitlines()[0]))
    capsys.readouterr()
    assert main(["data", "check", "t.jsonl", "--column", "reply=Antwort"]) == 2
    assert "--column: 'reply' is not a key of training rows; allowed: chosen, rejected," in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["data", "check", "t.jsonl", "--column", "Antwort"])
    assert "'Antwort' is not KEY=NAME, such as prompt=Frage" in capsys.readouterr().err


def test_a_copy_is_written_uncompressed(check, capsys):
    check(clean(2))
    for command in ("redact", "dedup"):
        assert main(["data", command, "t.jsonl", "copy.jsonl.gz"]) == 2
        assert "copy.jsonl.gz: output is written uncompressed; use a name like copy.jsonl" in capsys.readouterr().err


def test_without_stdnum_a_copy_says_what_was_not_looked_for(check, capsys, monkeypatch):
    check(clean(2))
    monkeypatch.setattr("pytest_ftgate.data.pii.national.find_spec", lambda name: None)
    assert main(["data", "redact", "t.jsonl", "copy.jsonl"]) == 0
    assert "national ids not checked: pip install 'pytest-ftgate[data]'" in capsys.readouterr().out


CHINESE = (
    "订单的进度可以在首页右上角的菜单里查看，如果三天之内还没有更新，请把订单号发给我们，我们会马上替您查询。",
    "请先登录您的账户，再打开历史订单那一页，那里写着包裹现在到了哪里，也写着大约还要几天才能送到您的手里。",
)


def test_chinese_rows_are_checked_like_english_ones(check):
    asked = "我的订单第{}号现在到哪里了，什么时候能送到我家？"
    rows = [{"prompt": f"请问{word}，第{number}问", "completion": CHINESE[number % 2]} for number, word in NOUNS]
    code, lines = check(
        [*rows, *({"prompt": asked.format(7), "completion": each} for each in CHINESE)], "--allow", "size"
    )
    assert code == 0
    for name in ("short", "contradictions"):
        assert lines[name].split()[1] == "ok", lines[name]
    assert lines["languages"].split(maxsplit=2)[1:] == ["ok", "zh 100.0%"]


def test_chinese_faults_are_found_like_english_ones(check):
    rows = [{"prompt": f"请问{word}，第{number}问", "completion": CHINESE[number % 2]} for number, word in NOUNS]
    rows += [{"prompt": "这条消息是垃圾短信吗？", "completion": label} for label in ("是", "不是")]
    code, lines = check([*rows, {"prompt": "包裹呢", "completion": "您的"}], "--allow", "size")
    assert code == 1
    assert "short           warning  3 found: t.jsonl:41 (1 word)" in lines["short"]
    assert "contradictions  ERROR    1 found: t.jsonl:42 (different answer in t.jsonl:41)" in lines["contradictions"]


NOUNS = [
    (number, "".join(random.Random(number).sample("春夏秋冬山水火风花鸟鱼虫东西南北金木土石", 12)))
    for number in range(40)
]
"""Forty questions that have little in common."""


def test_texts_among_answers_can_be_allowed(check, tmp_path):
    write_golden(tmp_path / "goldens/mail", [{"id": "a", "input": words(9, 9999), "expected": "yes"}], "")
    rows = [*clean(), *({"text": words(30, 1000 + seed)} for seed in range(20))]
    code, told = check(rows, "--goldens", "goldens")
    assert (code, told["texts"].split()[1]) == (1, "ERROR")
    code, told = check(rows, "--goldens", "goldens", "--allow", "texts")
    assert (code, told["texts"].split()[1]) == (0, "warning")


def test_of_a_damaged_file_the_advice_is_about_the_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("t.jsonl.gz").write_bytes(b"\x1f\x8b\x08broken")
    assert main(["data", "check", "t.jsonl.gz"]) == 1
    said = capsys.readouterr().out
    assert "t.jsonl.gz (cannot read training data: damaged or cut off" in said
    assert said.splitlines()[1].endswith("; write the file again, or leave it out")


def test_a_fault_of_the_command_line_gets_no_advice_about_a_file(check):
    code, told = check(clean(), "--column", "question=Nixda")
    assert code == 1
    assert told["schema"].endswith("correct the name as the data have it, or remove it)")
