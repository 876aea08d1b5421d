"""[base] chat_template, chat_template_kwargs and date -> the text of the template that everybody renders."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.chat_format import DAY, ChatFormat, named_template, own_template

TURNS = [{"role": "user", "content": "Hi"}]
SHOWS = "{{ shown | tojson }}"

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=6,
)


def render(template, turns=TURNS, **variables):
    from transformers.utils.chat_template_utils import render_jinja_template

    return render_jinja_template([list(turns)], chat_template=template, **variables)[0][0]


def with_variables(**variables):
    return ChatFormat(variables=json.dumps(variables, sort_keys=True))


@given(values)
def test_a_variable_is_for_the_template_what_a_caller_would_have_passed(value):
    assert json.loads(render(with_variables(shown=value).applied(SHOWS))) == value


def test_a_variable_of_the_caller_wins_and_the_text_after_it_keeps_its_line_breaks():
    template = with_variables(shown=1).applied("\n\n  " + SHOWS)
    assert render(template) == "\n\n  1"
    assert render(template, shown=2) == "\n\n  2"


def test_macros_and_loops_see_a_variable():
    own = "{% macro say(m) %}{{ m.content }}{{ shown }}{% endmacro %}{% for m in messages %}{{ say(m) }}{% endfor %}"
    assert render(with_variables(shown=7).applied(own)) == "Hi7"


def test_what_base_leaves_to_the_tokenizer_is_left_as_it_is():
    assert ChatFormat().applied("{{ messages }}\n") == "{{ messages }}\n"
    assert not ChatFormat().applied(None)


@pytest.mark.parametrize(
    ("own", "day", "said"),
    [
        ("{{ strftime_now('%d %B %Y') }}", "", "01 January 2025"),
        ('{{ strftime_now( "%Y-%m-%d" ) }}', "2026-02-09", "2026-02-09"),
        ("{{ strftime_now ('%Y') }}", "2026-02-09", "2026"),
        ("{% if strftime_now is defined %}{{ strftime_now('%d') }}{% endif %}", "", "01"),
        ("{% if not date_string is defined %}{% set date_string = 'x' %}{% endif %}{{ date_string }}", "", "x"),
        ("{% if not date_string is defined %}{% set date_string = 'x' %}{% endif %}{{ date_string }}", "2026-02-09",
         "09 Feb 2026"),
    ],
)  # fmt: skip
def test_the_day_is_fixed(own, day, said):
    assert render(ChatFormat(date=day).applied(own)) == said
    assert DAY == "2025-01-01"


@pytest.mark.parametrize(
    ("chat", "own", "told"),
    [
        (with_variables(thinking=False), SHOWS, "no variable 'thinking'"),
        (ChatFormat(date="2026-02-09"), SHOWS, "writes no date"),
        (ChatFormat(), "{% set f = strftime_now %}{{ f('%Y') }}", r"cannot be fixed: strftime_now %}"),
        (ChatFormat(), "{{ strftime_now(form) }}", r"in a way that cannot be fixed: strftime_now\(form\)"),
    ],
)
def test_what_would_have_no_effect_is_refused(chat, own, told):
    with pytest.raises(ServeError, match=told):
        chat.applied(own)


def test_several_templates_become_one_that_chooses_as_transformers_does():
    several = {"default": "{{ messages[0].content }}\n", "tool_use": "\n{{ tools | length }}"}
    for own in (several, [{"name": name, "template": text} for name, text in several.items()]):
        one = ChatFormat().applied(own)
        assert render(one) == render(several["default"])
        assert render(one, tools=[{}, {}]) == render(several["tool_use"], tools=[{}, {}])


def test_the_template_in_a_folder_is_found_where_transformers_finds_it(tmp_path):
    assert own_template(tmp_path) is None
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": "a"}')
    assert own_template(tmp_path) == "a"
    (tmp_path / "chat_template.jinja").write_text("b")
    (tmp_path / "additional_chat_templates").mkdir()
    (tmp_path / "additional_chat_templates/tool_use.jinja").write_text("c")
    assert own_template(tmp_path) == {"default": "b", "tool_use": "c"}


@pytest.mark.parametrize(("bos", "begin"), [("<s>", "<s>"), ("<|im_start|>", ""), ("<|end|>", ""), (None, "")])
def test_chatml_begins_with_the_models_own_mark_and_ends_turns_with_its_own_end(bos, begin):
    marks = {"eos_token": "<|end|>"} | ({"bos_token": bos} if bos else {})
    said = render(named_template("chatml"), add_generation_prompt=True, **marks)
    assert said == f"{begin}<|im_start|>user\nHi<|end|>\n<|im_start|>assistant\n"
