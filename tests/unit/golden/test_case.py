"""Rows become cases, cases become messages."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.golden.case import (
    Prompt,
    PromptError,
    answer_text,
    canonical,
    case_digest,
    digest_of,
    make_case,
    render,
    template_variables,
    user_text,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_canonical_reads_back(value: object) -> None:
    assert json.loads(canonical(value)) == value


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_the_order_of_keys_changes_no_digest(value: dict[str, object]) -> None:
    assert digest_of(value) == digest_of(dict(reversed(value.items())))


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_what_json_cannot_hold_has_no_digest(odd: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest_of(odd)


def test_the_smallest_row() -> None:
    case = make_case({"id": "a1", "input": "hi"}, 3, "a1")
    assert (case.id, case.input, case.expected, case.line) == ("a1", "hi", None, 3)
    assert (case.slices, case.must_pass, case.cluster, case.graders, case.notes) == ({}, False, None, (), "")


def test_every_key_of_a_row_arrives() -> None:
    row = {
        "input": {"a": 1},
        "expected": [1, None],
        "slices": {"lang": "en"},
        "must_pass": True,
        "cluster": "doc 1",
        "graders": [{"kind": "exact"}],
        "notes": "why",
        "tools": [{"type": "function", "function": {"name": "f"}}],
    }
    case = make_case(row, 1, "x")
    assert dataclasses.asdict(case) | {"graders": list(case.graders), "tools": list(case.tools)} == row | {
        "id": "x",
        "line": 1,
        "digest": case_digest({"a": 1}, [1, None], [{"kind": "exact"}], row["tools"]),
    }


def test_a_case_is_frozen_and_can_be_a_key() -> None:
    case = make_case({"input": "hi", "slices": {"a": "b"}}, 1, "x")
    assert {case: 1}[make_case({"input": "hi", "slices": {"a": "b"}}, 1, "x")] == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        case.id = "y"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"input": "ho"}, False),
        ({"expected": "no"}, False),
        ({"graders": [{"kind": "exact"}]}, False),
        ({"id": "other"}, True),
        ({"notes": "why"}, True),
        ({"slices": {"a": "b"}}, True),
        ({"must_pass": True}, True),
    ],
)
def test_the_digest_is_of_what_is_asked_and_how_it_is_judged(change: dict[str, object], same: bool) -> None:
    row = {"id": "a", "input": "hi", "expected": "yes"}
    assert (make_case(row, 1, "a").digest == make_case(row | change, 9, "b").digest) is same


@pytest.mark.parametrize(("expected", "text"), [("spam", "spam"), ({"l": "ü"}, '{"l": "ü"}'), (3, "3"), (None, "null")])
def test_the_answer_as_a_model_should_write_it(expected: object, text: str) -> None:
    assert answer_text(expected) == text


# --- messages --------------------------------------------------------------------------------------------------------


def test_a_text_is_the_user_turn() -> None:
    assert render(Prompt(), "hi {{ no }}") == [{"role": "user", "content": "hi {{ no }}"}]


def test_system_template_and_examples() -> None:
    prompt = Prompt("Be brief.", "Message: {{ text }}", (("Message: a", "A"), ("Message: b", "B")))
    assert [(turn["role"], turn["content"]) for turn in render(prompt, "c")] == [
        ("system", "Be brief."),
        ("user", "Message: a"),
        ("assistant", "A"),
        ("user", "Message: b"),
        ("assistant", "B"),
        ("user", "Message: c"),
    ]


def test_an_object_gives_the_variables() -> None:
    assert user_text(Prompt(template="{{ a }}{% for x in b %}-{{ x }}{% endfor %}"), {"a": 1, "b": [2, 3]}) == "1-2-3"


def test_markup_in_an_input_stays_text() -> None:
    assert user_text(Prompt(template="{{ text }}"), "<b> {{ x }} & co") == "<b> {{ x }} & co"


def test_a_conversation_is_sent_as_it_is_with_the_examples_before_its_last_turn() -> None:
    talk = [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}, {"role": "user", "content": "3"}]
    made = render(Prompt("S", "T {{ text }}", (("q", "a"),)), talk)
    assert [turn["content"] for turn in made] == ["S", "1", "2", "q", "a", "3"]
    assert len(talk) == 3


def test_a_conversation_may_bring_its_own_system_turn() -> None:
    talk = [{"role": "system", "content": "own"}, {"role": "user", "content": "x"}]
    assert render(Prompt(system="S"), talk) == talk


@pytest.mark.parametrize(
    ("template", "given_", "said"),
    [
        ("{{ txt }}", "hi", "'txt' is undefined; the template uses: txt; the input has: text"),
        ("{{ a }}{{ b }}", {"a": 1}, "'b' is undefined; the template uses: a, b; the input has: a"),
        ("{{ a.b }}", {"a": {}}, "no attribute 'b'"),
        ("{{ a + 1 }}", {"a": "x"}, "template error: TypeError"),
        ("{{ a.__class__.__mro__ }}", {"a": "x"}, "unsafe"),
        ("{% include 'x' %}", {"a": "x"}, "template error"),
        (None, {"a": 1}, "has no template"),
        ("x", [], "it is empty"),
        ("x", [{"role": "assistant", "content": "a"}], "the last of 1 is from 'assistant'"),
    ],
)
def test_what_cannot_be_rendered(template: str | None, given_: object, said: str) -> None:
    with pytest.raises(PromptError, match=said):
        render(Prompt(template=template), given_)  # type: ignore[arg-type]


def test_a_template_that_is_no_jinja2_is_told_with_its_line() -> None:
    with pytest.raises(PromptError, match=r"not valid Jinja2: .*\(line 2 of the template\)"):
        template_variables("a\n{{ text")


def test_a_template_can_neither_change_its_input_nor_run_long() -> None:
    with pytest.raises(PromptError, match="template error"):
        user_text(Prompt(template="{{ a.append(1) }}"), {"a": []})
    with pytest.raises(PromptError, match="Range too big"):
        user_text(Prompt(template="{% for i in range(10**9) %}{% endfor %}"), "x")


PROMPTS = st.builds(
    Prompt,
    system=st.none() | st.text(),
    template=st.none() | st.text(),
    examples=st.lists(st.tuples(st.text(), st.text()), max_size=3).map(tuple),
)


@given(PROMPTS)
def test_a_prompt_survives_json(prompt: Prompt) -> None:
    again = Prompt.from_json(json.loads(json.dumps(prompt.to_json())))
    assert again == prompt
    assert again.digest == prompt.digest


def test_prompts_that_differ_have_other_digests() -> None:
    prompts = [Prompt(), Prompt(system=""), Prompt(template=""), Prompt(examples=(("", ""),)), Prompt(system="a")]
    assert len({prompt.digest for prompt in prompts}) == len(prompts)


def test_the_raw_table_of_a_golden_toml_makes_a_prompt() -> None:
    assert Prompt.from_json({"template": "x"}) == Prompt(template="x")
