"""Which rows are shown to a model, what form they have, and what counts as new."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.data.near.jaccard_join import jaccard
from pytest_ftgate.data.near.ngrams import grams_of
from pytest_ftgate.data.readers.normalize import normal
from pytest_ftgate.data.synthesis.novelty import NEAR, Novelty
from pytest_ftgate.data.synthesis.seeds import Form, read_seeds
from pytest_ftgate.errors import DataError, FtgateError
from tests.projects import write_rows
from tests.unit.data.synthesis.writers import HAM, SPAM, sentence, spam_rows


def test_rows_with_variables_and_labels(tmp_path):
    seeds = read_seeds(write_rows(tmp_path / "t.jsonl", spam_rows()))
    assert seeds.form == Form("variables", ("text",), (HAM, SPAM), answers_json=True)
    assert (len(seeds.rows), dict(seeds.left_out)) == (40, {})
    assert seeds.form.row({"text": "x"}, SPAM) == {"input": {"text": "x"}, "expected": {"label": "spam"}}


def test_rows_with_a_text_and_free_answers(tmp_path):
    rows = [{"input": f"question {n}?", "expected": sentence(n)} for n in range(9)]
    form = read_seeds(write_rows(tmp_path / "t.jsonl", rows)).form
    assert form == Form("text")
    assert form.row({"question": "q"}, "a") == {"input": "q", "expected": "a"}


def test_rows_of_another_shape_become_prompt_and_completion(tmp_path):
    rows = [
        {
            "messages": [
                {"role": "system", "content": "s"},
                {"role": "user", "content": f"q{n}"},
                {"role": "assistant", "content": sentence(n)},
            ]
        }
        for n in range(9)
    ]
    form = read_seeds(write_rows(tmp_path / "t.jsonl", rows)).form
    assert form == Form("prompt")
    assert form.row({"question": "q"}, "a") == {"prompt": "q", "completion": "a"}


def test_synthetic_rows_leaked_ones_preferences_and_conversations_are_never_shown(tmp_path):
    turns = [{"role": role, "content": f"{role} says"} for role in ("user", "assistant", "user", "assistant")]
    odd = [
        {"input": {"text": "made up"}, "expected": "x", "synthetic": True, "review": "accepted"},
        {"prompt": "p", "chosen": "a", "rejected": "b"},
        {"messages": turns},
        {"input": {"text": "of the exam"}, "expected": {"label": "ham"}},
    ]
    seeds = read_seeds(write_rows(tmp_path / "t.jsonl", spam_rows() + odd), leaking={44})
    assert len(seeds.rows) == 40
    assert dict(seeds.left_out) == {
        "synthetic": 1,
        "preferences": 1,
        "multi-turn or without an answer": 1,
        "overlap with a golden case": 1,
    }


def test_rows_with_keys_are_never_shown_and_those_with_personal_data_are_counted(tmp_path):
    odd = [
        {"input": {"text": "use AKIA" + "ABCDEFGHIJKLMNOP"}, "expected": {"label": "ham"}},
        {"input": {"text": "write to ann@firm.org"}, "expected": {"label": "ham"}},
    ]
    seeds = read_seeds(write_rows(tmp_path / "t.jsonl", spam_rows() + odd))
    assert dict(seeds.left_out) == {"contain keys or passwords": 1}
    assert (len(seeds.rows), seeds.personal) == (41, 1)


def test_what_cannot_be_seeds_is_told(tmp_path):
    file = tmp_path / "t.jsonl"
    with pytest.raises(FtgateError, match=r"4 usable seeds, expected 5 or more; dropped: 1 synthetic"):
        read_seeds(write_rows(file, [*spam_rows(4), spam_rows(1)[0] | {"synthetic": True}]))
    with pytest.raises(FtgateError, match=r"have different keys: a string; text"):
        read_seeds(write_rows(file, [*spam_rows(9), {"input": "x", "expected": "y"}]))
    with pytest.raises(FtgateError, match=r"t\.jsonl:10: the input has non-string values"):
        read_seeds(write_rows(file, [*spam_rows(9), {"input": {"text": 5}, "expected": "y"}]))
    with pytest.raises(DataError, match=r"t\.jsonl:10: unknown row format"):
        read_seeds(write_rows(file, [*spam_rows(9), {"a": 1}]))


@given(st.lists(st.text("ab c", max_size=14), max_size=12), st.text("ab c", max_size=14))
def test_new_is_what_brute_force_calls_new(before, text):
    known = Novelty()
    for each in before:
        known.add(each)
    if normal(text) in map(normal, before):
        expected = "duplicate"
    else:
        nearest = max((jaccard(grams_of(normal(text)), grams_of(normal(each))) for each in before), default=0.0)
        expected = "near" if nearest >= NEAR else "new"
    assert known.kind(text) == expected


def test_case_and_white_space_make_nothing_new_and_one_word_of_many_does_not_either():
    known = Novelty()
    known.add(sentence(1, 12))
    assert known.kind(f"  {sentence(1, 12).upper()}\n") == "duplicate"
    assert known.kind(sentence(1, 12) + " and") == "near"
    assert known.kind(sentence(2, 12)) == "new"


@pytest.mark.parametrize(
    ("seed", "near"),
    [
        ("请问我上个星期订的那个包裹什么时候能送到家里？", "请问我上个星期订的那个包裹什么时候会送到家里？"),
        ("先週注文した荷物はいつ家に届きますか教えてください", "先週注文した荷物はいつ家に届くか教えてください"),
        ("พัสดุที่ฉันสั่งเมื่อสัปดาห์ที่แล้วจะมาถึงเมื่อไหร่", "พัสดุที่ฉันสั่งเมื่อสัปดาห์ที่แล้วจะมาถึงเมื่อไร"),
    ],
)
def test_a_question_near_a_seed_is_not_new_in_scripts_without_spaces(seed, near):
    known = Novelty()
    known.add(seed)
    assert known.kind(near) == "near"
    assert known.kind(near[::-1]) == "new"
