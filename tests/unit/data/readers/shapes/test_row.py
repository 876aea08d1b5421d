"""row_of: what each shape becomes, and what is wrong with a row that is none."""

from __future__ import annotations

import pytest

from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.shapes import row_of


def turns(*said: tuple[str, object]) -> list[dict[str, object]]:
    return [{"role": role, "content": content} for role, content in said]


def row(data: dict[str, object]) -> DataRow:
    found = row_of(Record("t.jsonl", 7, data))
    assert isinstance(found, DataRow), found
    return found


def told(data: dict[str, object]) -> str:
    found = row_of(Record("t.jsonl", 7, data))
    assert isinstance(found, tuple)
    return "\n".join(map(str, found))


def test_an_instruction_stands_before_its_input():
    data = {"instruction": "Translate.", "input": "cat", "output": "Katze", "system": "Be brief."}
    found = row(data)
    assert list(found.asked) == turns(("system", "Be brief."), ("user", "Translate.\n\ncat"))
    assert found.question == "Translate.\n\ncat"
    assert row(data | {"input": ""}).question == "Translate."


def test_other_keys_are_kept_and_the_id_is_the_rows_own():
    found = row({"id": 5, "prompt": "q", "completion": "a", "cluster": "c", "source": "web", "note": None})
    assert found.id == "5"
    assert found.extras == {"cluster": "c", "source": "web"}


def test_without_an_id_the_content_is_the_id():
    one, other = row({"prompt": "q", "completion": "a"}), row({"input": "q", "expected": "a", "cluster": "c"})
    assert one.id == other.id != row({"prompt": "q", "completion": "b"}).id
    assert len(one.id) == 12


def test_an_object_without_a_template_is_its_only_text_or_json():
    assert row({"input": {"text": "q"}, "expected": 5}).asked[0]["content"] == "q"
    found = row({"input": {"a": "x", "b": 1}, "expected": 5})
    assert found.asked[0]["content"] == '{"a": "x", "b": 1}'
    assert found.answer == "5"


def test_a_preference_is_told_from_a_chat():
    found = row({"prompt": "q", "messages": turns(("user", "q")), "chosen": "a", "rejected": "b"})
    assert (found.answer, found.rejected, found.text) == ("a", "b", "q\na\nb")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "found keys: none"),
        ({"prompt": "q", "answer": "a"}, "found keys: 'prompt', 'answer'"),
        ({"prompt": "q", "completion": None}, "nearest: prompt + completion; missing: completion"),
        (
            {"Frage": "q", "Antwort": "a"},
            "nearest: question + answer; rename, or map in pipeline.toml: "
            '[data.columns] question = "Frage", answer = "Antwort"',
        ),
        ({"prompt": "q", "answer": "a"}, "nearest: prompt + completion; rename, or map"),
        ({"dialogue": [{"speaker": "A", "said": "b"}], "topic": "x"}, '[data.columns] messages = "dialogue"'),
        ({"messages": "hi"}, "'messages' is not a list of messages"),
        ({"messages": []}, "does not end with an assistant turn"),
        ({"messages": ["hi"]}, "turn 1 is a string; expected"),
        ({"messages": turns(("bot", "x"))}, "turn 1 has the role 'bot'; allowed: system, user, assistant, tool"),
        (
            {"messages": turns(("tool", "x"))},
            "turn 1 has role tool; expected after an assistant turn that calls a tool",
        ),
        ({"messages": turns(("user", ["x"]), ("assistant", None))}, "turn 1 has content a list; expected a string"),
        ({"messages": turns(("user", ["x"]), ("assistant", None))}, "turn 2 has content missing"),
        ({"messages": turns(("user", "q"))}, "does not end with an assistant turn"),
        ({"messages": turns(("assistant", "a"))}, "turn 1 has role assistant; expected a user turn before"),
        (
            {"messages": turns(("user", "q"), ("assistant", "a"), ("assistant", "b"))},
            "turn 3 has role assistant; user and assistant must alternate",
        ),
        ({"messages": turns(("user", "q"), ("system", "s"), ("assistant", "a"))}, "allowed in the first turn only"),
        ({"messages": turns(("user", " "), ("assistant", "a"))}, "no non-empty user turn"),
        ({"instruction": "", "output": "a"}, "no non-empty user turn"),
        ({"instruction": "q", "output": ["a"]}, "'output' is not a string"),
        ({"prompt": 5, "completion": "a"}, "'prompt' is a number; expected a string or a list of messages"),
        ({"chosen": "a", "rejected": "b"}, "turn 1 has role assistant"),
        ({"prompt": "q", "chosen": "a", "rejected": []}, "rejected: does not end with an assistant turn"),
        (
            {
                "chosen": turns(("user", "q"), ("assistant", "a")),
                "rejected": turns(("user", "r"), ("assistant", "b")),
            },
            "chosen and rejected have different prompts",
        ),
        ({"prompt": "q", "completion": "a", "synthetic": "yes"}, "'synthetic' is 'yes'; expected true or false"),
        ({"prompt": "q", "completion": "a", "slices": {"lang": 1}}, "expected an object with string values"),
        ({"prompt": "q", "completion": "a", "cluster": 1}, "'cluster' is a number; expected a string"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(data, said):
    text = told(data)
    assert text.startswith("t.jsonl:7: ")
    assert said in text


def test_everything_wrong_with_a_row_is_told_at_once():
    text = told({"messages": turns(("bot", "x"), ("user", 5)), "synthetic": 1, "cluster": 2})
    assert len(text.splitlines()) == 4
