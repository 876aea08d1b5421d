"""Personal data and keys are replaced by what they are, or the rows that hold them left out; nothing else changes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.data.pii.credentials import credentials
from pytest_ftgate.data.pii.personal import personal_data
from pytest_ftgate.data.pii.placeholders import redacted_text, redacted_value
from pytest_ftgate.data.pii.redact import redacted, write_redacted
from pytest_ftgate.data.readers.reader import read_rows
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.errors import DataError
from tests.unit.data.data_files import FORMATS, write_jsonl

CARD = "4539 1488 0343 6467"
TOKEN = "ghp_" + "aB3x" * 9
PEM = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIabc+/=\n-----END RSA " + "PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("write to ann@birch.org, or +49 30 1234567!", "write to <EMAIL>, or <PHONE>!"),
        (f"card {CARD}.", "card <CARD>."),
        ("IBAN GB29 NWBK 6016 1331 9268 19 PLEASE", "IBAN <IBAN> PLEASE"),
        ("at 84.23.16.7", "at <IP_ADDRESS>"),
        (f"{TOKEN} of ann@birch.org", "<SECRET> of <EMAIL>"),
        (f"key:\n{PEM}\nend", "key:\n<SECRET>\nend"),
        ("api_key=" + "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74Og" + "==;", "api_key=<SECRET>;"),
        ("-----BEGIN " + "PRIVATE KEY-----\n" + "aB3/" * 16, "<SECRET>"),
        ("postgres://me:" + "pass1@db/x", "postgres://me:<SECRET>@db/x"),
        ("ann@birch.organn@birch.org", "<EMAIL>@birch.org"),
        ("nothing here, 4 + 5 = 9", "nothing here, 4 + 5 = 9"),
    ],
)
def test_each_kind_has_its_placeholder(text, without):
    assert redacted_text(text) == without


PIECES = st.sampled_from(
    ["ann@birch.org", CARD, "+49 30 1234567", "84.23.16.7", TOKEN, "word", " ", ",", "<", ">", "1", "@", "+", "-", "DE89370400440532013000", "://u:pw1@h"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=8).map("".join))
def test_nothing_is_found_in_what_was_redacted_and_twice_is_as_once(text):
    once = redacted_text(text)
    assert personal_data(once) == credentials(once) == ()
    assert redacted_text(once) == once


@given(st.recursive(st.none() | st.booleans() | st.integers(0, 999) | st.text("ab", max_size=3), st.lists))
def test_values_without_findings_are_equal(value):
    assert redacted_value(value) == value


def test_numbers_and_keys_are_looked_at():
    data = {"ann@birch.org": [{"n": 4539148803436467}, 4.5, True, None]}
    assert redacted_value(data) == {"<EMAIL>": [{"n": "<CARD>"}, 4.5, True, None]}


def person(**extras: object) -> DataRow:
    asked = ({"role": "system", "content": "Help ann@birch.org."}, {"role": "user", "content": f"My card: {CARD}"})
    return DataRow(
        "t.jsonl", 7, asked, "call +49 30 1234567", TOKEN, "ann@birch.org", {"mail": "ann@birch.org"}, extras
    )


def test_every_part_of_a_row_is_redacted_but_its_id():
    row = redacted(person(slices={"of": "ann@birch.org"}, cluster="c1"))
    assert [turn["content"] for turn in row.asked] == ["Help <EMAIL>.", "My card: <CARD>"]
    assert (row.answer, row.rejected, row.variables) == ("call <PHONE>", "<SECRET>", {"mail": "<EMAIL>"})
    assert (row.extras, row.id, row.path, row.line) == (
        {"slices": {"of": "<EMAIL>"}, "cluster": "c1"},
        "ann@birch.org",
        "t.jsonl",
        7,
    )
    assert redacted(row) == row


def test_clusters_named_after_people_stay_apart():
    one, other = (redacted(person(cluster=name)).extras["cluster"] for name in ("ann@birch.org", "cy@dale.org"))
    assert one != other
    assert "@" not in one + other
    assert redacted(person(cluster="ann@birch.org")).extras["cluster"] == one


ROWS = [
    {"id": "1", "prompt": "hello", "completion": "hi"},
    {"id": "2", "prompt": "I am ann@birch.org", "completion": "hello ann@birch.org"},
    {"id": "3", "prompt": "bye", "completion": "so long"},
]


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ('{"card": 4539148803436467, "n": [4.50, "ann@birch.org"]}', '{"card": "<CARD>", "n": [4.5, "<EMAIL>"]}'),
        ('{"to": "ann@birch.org",  "n": 4.50}', '{"to": "<EMAIL>",  "n": 4.50}'),
        ('{"text": "Mail\\nann@birch.org\\t+49 30 1234567"}', '{"text": "Mail\\n<EMAIL>\\t<PHONE>"}'),
        (f'{{"key": "\\n{TOKEN}"}}', '{"key": "\\n<SECRET>"}'),
        ("[4539148803436467", "[<CARD>"),
        ("print('to\\nann@birch.org')", "print('to\\n<EMAIL>')"),
    ],
)
def test_json_stays_json_and_escaped_line_ends_stay(text, without):
    assert redacted_text(text) == without


CHATS = [
    {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Write to ann@birch.org谢谢"}]},
            {
                "role": "assistant",
                "content": None,
                "reasoning_content": "They are ann@birch.org.",
                "tool_calls": [
                    {
                        "id": "1",
                        "type": "function",
                        "function": {"name": "send", "arguments": '{"to": "ann@birch.org", "card": 4539148803436467}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "1", "content": "sent to ann@birch.org"},
            {"role": "assistant", "content": "Done: +49 30 1234567."},
        ],
        "tools": [{"type": "function", "function": {"name": "send", "description": "by ann@birch.org"}}],
    },
    {"conversations": [{"from": "human", "value": "I am ann@birch.org"}, {"from": "gpt", "value": "Hi ann@birch.org"}]},
    {
        "contents": [
            {"role": "user", "parts": [{"text": "I am ann@birch.org"}]},
            {"role": "model", "parts": [{"text": "Hi ann@birch.org"}]},
        ]
    },
    {"text": "All of it: ann@birch.org"},
]


@pytest.mark.parametrize("row", CHATS, ids=lambda row: next(iter(row)))
def test_every_text_of_every_shape_is_redacted_and_the_copy_is_read_as_before(row, tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", [row])
    write_redacted([source], tmp_path / "b.jsonl")
    copied = (tmp_path / "b.jsonl").read_text()
    assert "birch" not in copied
    assert "4539148803436467" not in copied
    [before], [after] = read_rows(source), read_rows(tmp_path / "b.jsonl")
    assert redacted(before).turns == after.turns
    assert redacted(before).answered == after.answered
    assert personal_data(before.text) != ()
    assert personal_data(after.text) == personal_data(redacted(before).text) == ()
    for turn in after.asked:
        for call in turn.get("tool_calls", ()):
            assert json.loads(call["function"]["arguments"]) == {"to": "<EMAIL>", "card": "<CARD>"}


@pytest.mark.parametrize("name", FORMATS)
def test_a_copy_of_every_format_is_json_lines_in_the_shape_of_the_rows(name, tmp_path):
    done = write_redacted([FORMATS[name](tmp_path / name, ROWS)], tmp_path / "out" / "copy.jsonl")
    assert (done.read, done.changed, done.written) == (3, 1, 3)
    lines = [json.loads(line) for line in (tmp_path / "out" / "copy.jsonl").read_text().splitlines()]
    assert lines == [ROWS[0], {"id": "2", "prompt": "I am <EMAIL>", "completion": "hello <EMAIL>"}, ROWS[2]]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["copy.jsonl"]


def test_the_copy_says_what_the_rows_say_redacted(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", ROWS)
    write_redacted([source], tmp_path / "b.jsonl")
    copied = [(row.asked, row.answer, row.id) for row in read_rows(tmp_path / "b.jsonl")]
    assert copied == [(row.asked, row.answer, row.id) for row in map(redacted, read_rows(source))]


def test_rows_are_dropped_on_demand(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", ROWS)
    done = write_redacted([source, source], tmp_path / "b.jsonl", drop=True)
    assert (done.read, done.changed, done.written) == (6, 2, 4)
    assert [row.id for row in read_rows(tmp_path / "b.jsonl")] == ["1", "3", "1", "3"]


@pytest.mark.parametrize("bad", ['{"prompt": "x"}', "{", ""])
def test_a_fault_leaves_the_old_copy_alone(bad, tmp_path):
    (tmp_path / "a.jsonl").write_text(bad)
    (tmp_path / "b.jsonl").write_text("old")
    with pytest.raises(DataError, match=r"a\.jsonl"):
        write_redacted([tmp_path / "a.jsonl"], tmp_path / "b.jsonl")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "b.jsonl"]
    assert (tmp_path / "b.jsonl").read_text() == "old"


def test_a_file_is_never_its_own_copy(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", ROWS)
    with pytest.raises(DataError, match="use another name for the copy"):
        write_redacted([source], source)
    assert len(source.read_text().splitlines()) == 3


def test_calls_of_tools_and_thoughts_are_redacted_and_rows_without_findings_stay():
    def called(to: str) -> DataRow:
        call = {"id": "c", "type": "function", "function": {"name": "mail", "arguments": json.dumps({"to": to})}}
        asked = ({"role": "assistant", "content": "", "reasoning_content": to, "tool_calls": [call]},)
        return DataRow("f", 1, asked, "", calls=(call,), reasoning=to)

    without = redacted(called("ann.lee@posteo.net"))
    assert "ann.lee@posteo.net" not in without.text
    assert without.text.count("<EMAIL>") == called("ann.lee@posteo.net").text.count("ann.lee@posteo.net") == 4
    assert redacted(called("Ann")) == called("Ann")


def test_keys_inside_a_row_are_redacted_and_equal_ones_are_numbered():
    value = {"properties": {"anna@firma.de": {}, "bo@firma.de": 1, "city": 2}, "required": ["city"]}
    wanted = {"properties": {"<EMAIL>": {}, "<EMAIL>_2": 1, "city": 2}, "required": ["city"]}
    assert redacted_value(value) == redacted_value(redacted_value(value)) == wanted
