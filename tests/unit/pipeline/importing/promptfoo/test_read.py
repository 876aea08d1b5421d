"""Configurations in the shapes that people write: templates, variables, files, defaults, scenarios, references."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.golden.case import Prompt, render

KEY = "sk-live-0123456789abcdef"


def messages(made, number=0):
    return render(Prompt.from_json(made.golden.get("prompt", {})), made.cases[number].data["input"])


def lost(made):
    return [str(fault) for fault in made.lost]


def test_a_configuration_as_people_write_it(imported):
    made = imported(
        """
description: A small shop
prompts:
  - 'Translate to {{language}}: {{text}}'
  - id: file://short.txt
    label: short one
providers:
  - id: openai:gpt-4
    config: {apiKey: sk-x}
evaluateOptions: {repeat: 3, maxConcurrency: 2}
defaultTest:
  vars: {language: French}
  assert:
    - &polite {type: not-icontains, value: damn}
tests:
  - description: Says no, in French!
    vars: {text: no}
    metadata: {kind: greeting, level: 2, urgent: true}
    assert: [{type: icontains, value: '{{text}}n'}]
  - description: Says no, in French?
    vars: {language: [German, Dutch], text: Yes}
    options: {disableDefaultAsserts: true}
    assert: [*polite]
""",
        {"short.txt": "{{text}} in {{language}}\n"},
    )
    assert made.lost == []
    assert made.golden["prompt"] == {
        "template": "Translate to {{language}}: {{text}}",
        "variants": {"short-one": {"template": "{{text}} in {{language}}"}},
    }
    assert made.golden["request"] == {"repeats": 3}
    assert made.golden["description"] == "A small shop"
    first, second, third = (row.data for row in made.cases)
    assert first["id"] == "says-no-in-french"
    assert first["input"] == {"language": "French", "text": "no"}, "`no` is a text, as in JavaScript"
    assert first["slices"] == {"kind": "greeting", "level": "2", "urgent": "true"}
    assert [grader["values"] for grader in first["graders"]] == [["damn"], ["non"]]
    assert [case["input"]["language"] for case in (second, third)] == ["German", "Dutch"]
    assert (second["id"], third["id"]) == ("says-no-in-french-2", "says-no-in-french-3")
    assert messages(made) == [{"role": "user", "content": "Translate to French: no"}]
    assert [row.line for row in made.cases] == [16, 20, 20]


def test_keys_of_providers_are_nowhere(imported):
    made = imported(
        f"""
prompts: ['{{{{q}}}}']
env: {{OPENAI_API_KEY: {KEY}}}
providers: [{{id: 'openai:gpt', config: {{apiKey: {KEY}, headers: {{Authorization: 'Bearer {KEY}'}}}}}}]
defaultTest: {{options: {{provider: {{config: {{apiKey: {KEY}}}}}}}}}
tests:
  - vars: {{q: x}}
    provider: {{id: a, config: {{apiKey: {KEY}}}}}
    assert:
      - {{type: llm-rubric, value: ok, provider: {{apiKey: {KEY}}}}}
      - {{type: webhook, value: 'https://u:{KEY}@host/', config: {{key: {KEY}}}}}
unknown_key: {KEY}
"""
    )
    assert len(made.lost) == 2
    assert KEY not in f"{made}"


def test_chats_in_files_are_the_prompt_where_only_the_last_turn_has_variables(imported):
    chat = """[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+1"},
              {"role": "assistant", "content": "2"}, {"role": "user", "content": "{{sum}}"}]"""
    made = imported(
        files={"chat.json": chat},
        prompts=["file://chat.json", "- role: system\n  content: Be.\n- role: user\n  content: 'So: {{sum}}'"],
        tests=[{"vars": {"sum": "2+2"}}],
    )
    assert made.golden["prompt"]["variants"] == {
        "prompt-2": {"system": "Be.", "template": "So: {{sum}}", "examples": []}
    }
    assert [turn["content"] for turn in messages(made)] == ["Be brief.", "1+1", "2", "2+2"]
    assert made.notes[-1].startswith("cases without a grader, which are asked and not scored: all 1; write [[grader]]")


def test_a_chat_with_variables_in_its_system_turn_is_written_out_in_each_case(imported):
    prompt = [{"role": "system", "content": "You are {{who}}."}, {"role": "user", "content": "{{q}}"}]
    made = imported(prompts=[prompt, "{{q}}?"], tests=[{"vars": {"who": "Bob", "q": 'a "b"'}}])
    assert "prompt" not in made.golden
    assert messages(made) == [{"role": "system", "content": "You are Bob."}, {"role": "user", "content": 'a "b"'}]
    assert [fault.line for fault in made.lost] == [1]
    assert "written out in each case" in made.lost[0].message


@pytest.mark.parametrize(
    ("prompt", "why"),
    [
        ("{% for x in xs %}{{x}}{% endfor %}", "`for` in a template is not carried over, only variables"),
        ("{{ q | load }}", "the filter `load` is not one that means the same in Jinja2"),
        ("{{ env.HOME }} {{q}}", "`env` reads the environment"),
        ("{{ q", "Jinja2 cannot read it"),
        ('[{"role": "tool", "content": "{{q}}"}]', "a message must have the role system, user or assistant"),
        (
            '[{"role": "user", "content": {{ q | dump }}}]',
            "the conversation is no JSON before its variables are put in",
        ),
        ("file://prompt.py", "prompts of programs and tables are not carried over"),
        ("file://missing.txt", "cannot be read: No such file"),
        ("file://nope*.txt", "no file matches file://nope*.txt"),
        ("missing.txt", "cannot be read: No such file"),
        ("prompts/*.md", "no file matches prompts/*.md"),
        ("prompt.py", "prompts of programs and tables are not carried over"),
        ("https://host/p", "from https: is not fetched"),
        ({"label": "x"}, "is no text"),
    ],
    ids=str,
)
def test_a_prompt_that_cannot_be_carried_over_is_named(imported, prompt, why):
    made = imported(prompts=[prompt, "{{q}}"], tests=[{"vars": {"q": "x"}}])
    (fault,) = made.lost
    assert why in fault.message
    assert messages(made)[0]["content"] == "x"


def test_without_a_prompt_nothing_is_left(imported):
    made = imported(prompts=["file://p.js"], tests=[{"vars": {"q": "x"}}])
    assert made.cases == []
    assert "none can be carried over, so that nothing can be asked" in made.lost[-1].message


def test_text_files_hold_several_prompts_and_a_mapping_names_them(imported):
    files = {"a.txt": "A {{q}}\r\n---\r\nB {{q}}\n", "b.txt": "C {{q}}"}
    made = imported(files=files, prompts={"a.txt": "mine", "b.txt": "mine"}, tests=[{"vars": {"q": 1}}])
    assert made.golden["prompt"]["template"] == "A {{q}}"
    assert made.golden["prompt"]["variants"] == {
        "mine": {"template": "B {{q}}"},
        "prompt-3": {"template": "C {{q}}"},
    }


def test_variables_are_what_javascript_makes_of_them(imported):
    values = {"t": True, "n": None, "f": 2.0, "o": {"a": [1]}, "p": {"x": "y"}, "r": "see {{t}}", "text": "file://t.md"}
    template = "{{t}}|{{n}}|{{f}}|{{o}}|{{p.x}}|{{r}}|{{text}}|{{missing}}|{{m | default('d')}}"
    made = imported(files={"t.md": "\nfrom a file\n"}, prompts=[template], tests=[{"vars": values}])
    assert messages(made)[0]["content"] == 'true||2|{"a":[1]}|y|see true|from a file||d'


def test_numbers_and_truth_are_read_as_in_javascript(imported):
    made = imported(
        "prompts: ['{{a}} {{b}} {{c}}']\ntests:\n  - vars: {a: True, b: [.5, 007], c: off}\n    threshold: .5\n"
        "    options: {disableVarExpansion: True}\n    assert: [{type: contains, value: 1_0}]\n"
    )
    assert messages(made)[0]["content"] == "true [0.5,7] off"
    assert made.golden["grader"][0]["threshold"] == 0.5


def test_lists_stay_where_expansion_is_off_and_files_of_variables_are_read(imported):
    made = imported(
        files={"vars.yaml": "a: [1, 2]\nb: x\n", "docs/1.txt": "one", "docs/2.txt": "two"},
        prompts=["{{a}} {{b}}"],
        tests=[
            {"vars": "file://vars.yaml", "options": {"disableVarExpansion": True}},
            {"vars": {"a": "file://docs/*.txt", "b": "y"}},
        ],
    )
    assert made.lost == []
    assert [messages(made, number)[0]["content"] for number in range(3)] == ["[1,2] x", "one y", "two y"]


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ({"options": {"transform": "output.x"}}, "transform: changes the answer by a program before it is judged"),
        ({"options": {"prefix": "Hi "}}, "prefix: changes the prompt of this test alone"),
        ({"providerOutput": "x"}, "providerOutput: gives the answer, so that no model is asked"),
        ({"vars": {"q": "file://make.js"}}, "vars: vars.q: make.js is a program or no text"),
        ({"vars": {"q": "file://none.txt"}}, "No such file"),
        ({"vars": "file://none*.yaml"}, "vars: no file matches file://none*.yaml"),
        ({"vars": {"q": "{{ a | upper }}"}}, "vars.q is a template itself"),
        (
            {"vars": {name: list(range(100)) for name in "qab"}},
            "the lists make 1,000,000 combinations, more than 100,000",
        ),
    ],
    ids=str,
)
def test_a_test_that_would_be_another_one_is_left_out(imported, test, why):
    made = imported(prompts=["{{q}}"], tests=[{"vars": {"q": "x"}, **test}, {"vars": {"q": "kept"}}])
    assert [row.data["input"] for row in made.cases] == ["kept"]
    assert why in lost(made)[0]
    assert "the test is left out (1 case)" in lost(made)[0]


def test_what_else_is_not_carried_over_is_named_once_for_each_reason(imported):
    made = imported(
        """
prompts: ['{{q}}']
extensions: [file://hook.js]
asserts: []
tests:
  - vars: {q: a}
    prompts: [x]
    metadata: {tags: [a]}
  - vars: {q: b}
    prompts: [x]
  - vars: {q: b}
  - oops
"""
    )
    assert [fault.line for fault in made.lost] == [3, 4, 7, 11, 12]
    assert made.lost[1].message == "asserts: is not a key of promptfoo that is known"
    assert made.lost[2].message.endswith("(2 cases; also line 10)")


def test_external_tests_scenarios_references_and_merged_keys(imported):
    made = imported(
        """
prompts: ['{{q}} {{style}}']
defaultTest: file://default.yaml
tests:
  - file://more/*.yaml
  - more/lines.jsonl
  - vars: {q: here}
    assert:
      - $ref: '#/templates/polite'
        value: very
scenarios:
  - config:
      - vars: {style: short}
      - vars: {style: long}
    tests:
      - {vars: {q: s}, assert: [{type: contains, value: '{{style}}'}]}
templates:
  polite: {type: contains, value: polite}
base: &base {type: contains}
""",
        {
            "default.yaml": "vars: {style: plain}\nassert:\n  - type: latency\n    threshold: 5\n",
            "more/a.yaml": "- vars: {q: a}\n  assert:\n    - &x {type: contains, value: 1}\n    - {<<: *x, value: 2}\n",
            "more/lines.jsonl": '{"vars": {"q": "l1"}}\n{"vars": {"q": "l2"}}\n',
        },
    )
    asked = [(row.path, row.line, row.data["input"]["q"], row.data["input"]["style"]) for row in made.cases]
    assert asked == [
        ("more/a.yaml", 1, "a", "plain"),
        ("more/lines.jsonl", 1, "l1", "plain"),
        ("more/lines.jsonl", 2, "l2", "plain"),
        ("promptfooconfig.yaml", 7, "here", "plain"),
        ("promptfooconfig.yaml", 16, "s", "short"),
        ("promptfooconfig.yaml", 16, "s", "long"),
    ]
    assert [[grader["values"] for grader in row.data.get("graders", ())] for row in made.cases] == [
        [["1"], ["2"]],
        [],
        [],
        [["very"]],
        [["short"]],
        [["long"]],
    ]
    assert [(fault.path, fault.line) for fault in made.lost] == [("default.yaml", 3), ("promptfooconfig.yaml", 19)]
    assert made.lost[0].message.endswith("(6 cases)")


def test_tests_of_programs_and_from_elsewhere_are_named(imported):
    made = imported(prompts=["{{q}}"], tests=["file://make.py", "https://host/sheet?key=secret", {"vars": {"q": "x"}}])
    assert [fault.message for fault in made.lost] == [
        "tests https://host/sheet: are not fetched",
        "tests make.py: tests that a program makes are not carried over; save them as YAML or CSV",
    ]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("prompts: [a]\nprompts: [b]\n", 2, "duplicate key 'prompts'"),
        ("prompts: [a\n", 2, "is not valid YAML"),
        ("- a\n", 1, "is not a promptfoo configuration"),
        ("prompts: ['{{q}}']\ntests: none/*.yaml\n", 2, "no file matches none/*.yaml"),
        ("prompts: ['{{q}}']\ntests: none.csv\n", 2, "none.csv cannot be read"),
    ],
)
def test_a_file_that_is_none_is_a_fault_with_its_line(imported, text, line, what):
    with pytest.raises(FileFaults) as caught:
        imported(text)
    fault = caught.value.faults[0]
    assert (fault.path, fault.line) == ("promptfooconfig.yaml", line)
    assert what in fault.message


def test_a_configuration_in_javascript_is_refused(tmp_path: Path):
    from pytest_ftgate.pipeline.importing.promptfoo import read_promptfoo

    with pytest.raises(FileFaults, match="expected \\.yaml, \\.yml or \\.json"):
        read_promptfoo(tmp_path / "promptfooconfig.js")


def test_a_case_that_loses_several_assertions_for_one_reason_counts_once(imported):
    made = imported(
        """
prompts: ['{{q}}']
tests:
  - vars: {q: [a, b]}
    assert:
      - {type: latency}
      - {type: latency}
      - {type: latency}
"""
    )
    (fault,) = made.lost
    assert fault.line == 6
    assert fault.message.endswith("(2 cases; also lines 7, 8)")


def test_a_key_of_the_default_test_is_named_where_it_stands(imported):
    made = imported(
        """
prompts: ['{{q}}']
defaultTest:
  options:
    rubricPrompt: Judge it
tests:
  - vars: {q: a}
  - vars: {q: b}
"""
    )
    assert [(fault.line, fault.message[-9:]) for fault in made.lost] == [(5, "(2 cases)")]


def test_a_key_that_is_nearly_one_of_promptfoos_says_which(imported):
    made = imported(prompts=["{{q}}"], test=[{"vars": {"q": "x"}}])
    assert [fault.message for fault in made.lost] == [
        "test: is not a key of promptfoo that is known; did you mean 'tests'?"
    ]


def test_a_text_longer_than_a_name_of_a_file_is_a_prompt(imported):
    made = imported(prompts=["\u7ffb\u8bd1" * 60], tests=[{"vars": {"q": "x"}}])
    assert messages(made)[0]["content"] == "\u7ffb\u8bd1" * 60
