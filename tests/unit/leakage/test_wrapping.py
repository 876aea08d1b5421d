"""What [prompt] puts around every input is no evidence of a leak, and hides none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.data.near.text import plain_text
from pytest_ftgate.data.near.wrapping import wrapping_of
from pytest_ftgate.evaluate.suite import Suite, load_suite
from pytest_ftgate.golden.case import Prompt, answer_text, render, user_text
from pytest_ftgate.leakage.check import scan_of
from pytest_ftgate.leakage.report import Report
from tests.projects import write_golden
from tests.repository import ROOT
from tests.unit.leakage.leak_samples import language, near

MOOD = """[prompt]
system = "You label what customers write."
template = '''Say whether the mood of this review is good or bad.
Review: {{ text }}
Mood:'''
examples = [["Say whether the mood of this review is good or bad.\\nReview: Too small.\\nMood:", "bad"]]
"""
TEXTS = ["Ok", "Fine by me!", "Fell apart in a week.", " ".join(language(8, 1)), " ".join(language(30, 2))]


def mood(folder: Path, *texts: str, toml: str = MOOD) -> Suite:
    cases = [{"id": f"c{number}", "input": text, "expected": "good"} for number, text in enumerate(texts)]
    return load_suite(write_golden(folder / "mood", cases, f'{toml}[[grader]]\nkind = "exact"\n'))


def rows_of(suite: Suite, write: Any) -> list[Row]:
    return [Row("t", line, write(suite.prompt, case)) for line, case in enumerate(suite.cases, 1)]


def found(suite: Suite, rows: list[Row]) -> Report:
    return scan_of([suite]).report(rows)


def each_by_its_row(report: Report) -> dict[str, int]:
    return {leak.golden_id: leak.line for leak in report.leaks}


def chat(prompt: Prompt, case: Any) -> dict[str, Any]:
    return {"messages": [*render(prompt, case.input), said(case)]}


def said(case: Any) -> dict[str, str]:
    return {"role": "assistant", "content": answer_text(case.expected)}


def one_text(prompt: Prompt, case: Any) -> str:
    return "\n\n".join(text for text in (prompt.system, user_text(prompt, case.input)) if text)


WRITTEN = {
    "messages": chat,
    "messages without the system turn": lambda p, c: {"messages": [*render(p, c.input)[1:], said(c)]},
    "messages without the examples": lambda p, c: {"messages": [render(p, c.input)[-1], said(c)]},
    "ShareGPT": lambda p, c: {
        "conversations": [
            {"from": {"user": "human", "assistant": "gpt"}.get(turn["role"], "system"), "value": turn["content"]}
            for turn in [*render(p, c.input), said(c)]
        ]
    },
    "prompt": lambda p, c: {"prompt": one_text(p, c), "completion": answer_text(c.expected)},
    "prompt without the system turn": lambda p, c: {"prompt": user_text(p, c.input), "completion": "else"},
    "instruction": lambda p, c: {"instruction": p.system, "input": user_text(p, c.input), "output": "good"},
    "ChatML": lambda p, c: {
        "text": "".join(
            f"<|im_start|>{turn['role']}\n{turn['content']}<|im_end|>\n" for turn in [*render(p, c.input), said(c)]
        )
    },
    "text": lambda p, c: {"text": f"{one_text(p, c)} {answer_text(c.expected)}"},
}


@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN)
def test_a_golden_in_its_own_prompt_is_as_plain_as_the_golden_itself(tmp_path: Path, write: Any) -> None:
    suite = mood(tmp_path, *TEXTS)
    report = found(suite, rows_of(suite, write))
    assert each_by_its_row(report) == {f"c{number}": number + 1 for number in range(len(TEXTS))}
    assert {leak.stage for leak in report.leaks} == {"exact"}
    assert report.suspects == ()


@pytest.mark.parametrize("write", [chat, WRITTEN["prompt"], WRITTEN["text"]], ids=["messages", "prompt", "text"])
def test_every_case_of_sms_spam_in_its_own_prompt_is_a_leak(write: Any) -> None:
    suite = load_suite(ROOT / "goldens/sms_spam")
    report = found(suite, rows_of(suite, write))
    assert each_by_its_row(report) == {case.id: line for line, case in enumerate(suite.cases, 1)}


def test_other_texts_in_the_same_prompt_are_clean(tmp_path: Path) -> None:
    suite = mood(tmp_path, *TEXTS)
    others = mood(tmp_path / "others", *(" ".join(language(9 + seed % 20, 100 + seed)) for seed in range(60)))
    for write in WRITTEN.values():
        assert found(suite, rows_of(others, write)).found == ()


def test_a_near_copy_in_the_prompt_is_found(tmp_path: Path) -> None:
    texts = [language(9, seed) for seed in range(20)]
    suite = mood(tmp_path, *map(" ".join, texts))
    copies = mood(tmp_path / "copies", *(near(text, 0.82, seed) for seed, text in enumerate(texts)))
    report = found(suite, rows_of(copies, chat))
    assert each_by_its_row(report) == {f"c{number}": number + 1 for number in range(20)}
    assert "fuzzy" in {leak.stage for leak in report.leaks}


def test_a_disguised_golden_in_the_prompt_is_found(tmp_path: Path) -> None:
    suite = mood(tmp_path, " ".join(language(7, 3)))
    [case] = suite.cases
    hidden = "".join(f"&amp;#{ord(char)};" for char in case.input)
    report = found(suite, [Row("t", 1, {"prompt": user_text(suite.prompt, hidden), "completion": "good"})])
    assert [leak.stage for leak in report.leaks] == ["disguise"]


def test_variables_in_the_order_of_the_template(tmp_path: Path) -> None:
    toml = """[prompt]
template = '''{% if hint %}Hint: {{ hint }}{% endif %}
Which word rhymes with {{ word }}, in the language {{ language | upper }}? Say one.'''
"""
    inputs = [{"word": "moon", "language": "en", "hint": ""}, {"word": "haus", "language": "de", "hint": "animal"}]
    cases = [{"id": f"c{number}", "input": each, "expected": "x"} for number, each in enumerate(inputs)]
    suite = load_suite(write_golden(tmp_path / "rhymes", cases, f'{toml}[[grader]]\nkind = "exact"\n'))
    assert each_by_its_row(found(suite, rows_of(suite, chat))) == {"c0": 1, "c1": 2}
    other = {"prompt": user_text(suite.prompt, {"word": "sun", "language": "en", "hint": ""}), "completion": "x"}
    assert found(suite, [Row("t", 1, other)]).found == ()


def test_the_wrapping_of_a_variant_is_known_too(tmp_path: Path) -> None:
    suite = mood(tmp_path, *TEXTS, toml=f"{MOOD}[prompt.variants.b]\ntemplate = 'Rate this one: {{{{ text }}}} Now.'\n")
    rows = [Row("t", line, {"prompt": f"Rate this one: {text} Now."}) for line, text in enumerate(TEXTS, 1)]
    assert each_by_its_row(found(suite, rows)) == {f"c{number}": number + 1 for number in range(len(TEXTS))}


@pytest.mark.parametrize(
    ("template", "text", "inside"),
    [
        ("Q: {{ text }} A:", "q: who? a:", {"who"}),
        ("Q: {{ text }} A:", "to q and a", set()),
        ("Tell me this now: {{ text }}", "hello. tell me this now: who", {"who"}),
        ("{{ text }}", "who", set()),
        ("{{ text }} Answer:", "who answer:", {"who"}),
        ("No variable", "who", set()),
        ("{% if broken", "who", set()),
    ],
)
def test_what_is_inside(template: str, text: str, inside: set[str]) -> None:
    found = set(wrapping_of(Prompt(template=template)).inside(plain_text(text)))
    assert found - {plain_text(text)} == inside


def test_the_three_first_rows_of_short_cases_alone_end_the_check(tmp_path: Path) -> None:
    """As a user types it: nothing but short goldens in their own prompt."""
    from pytest_ftgate.cli.main import main

    suite = mood(tmp_path, *TEXTS)
    file = tmp_path / "train.jsonl"
    file.write_text("".join(json.dumps(row.data) + "\n" for row in rows_of(suite, chat)[:3]))
    assert main(["leakage", str(file), "--goldens", str(tmp_path / "mood")]) == 11
