"""What all graders that measure likeness have in common: from 0 to 1, equal texts are worth 1, the best text counts."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import Failure, GraderError, case_fault, compile_grader
from tests.unit.graders.one_grade import judge, value

KINDS = ("rouge", "bleu", "chrf", "edit_similarity", "token_f1", "set_f1")
SYMMETRIC = [
    ("rouge", {"variant": "rouge1"}),
    ("rouge", {"variant": "rougeL"}),
    ("edit_similarity", {}),
    ("token_f1", {}),
    ("set_f1", {}),
]
sentences = st.lists(
    st.sampled_from(["train", "red", "ist", "verspätet", "Zug", "東京", "два", "12", "x,", "y;"]),
    min_size=2,
    max_size=9,
).map(" ".join)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text", ["The refund takes five days.", "Der Zug fährt über Köln.", "хорошо сделано", "東京 都庁", "yes", "12"]
)
def test_equal_texts_are_worth_1_in_every_script(kind, text):
    assert value(kind, text, text) == pytest.approx(1)
    assert judge(kind, text, text, threshold=1).passed


@settings(max_examples=40, deadline=None)
@given(sentences, sentences, st.sampled_from(KINDS))
def test_every_value_is_from_0_to_1(one, other, kind):
    assert 0 <= value(kind, one, other) <= 1


@settings(max_examples=40, deadline=None)
@given(sentences, sentences, st.sampled_from(SYMMETRIC))
def test_those_that_are_symmetric(one, other, grader):
    kind, options = grader
    assert value(kind, one, other, **options) == pytest.approx(value(kind, other, one, **options))


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_the_best_of_several_texts_counts(kind):
    assert value(kind, ["nothing of this", "a red train"], "a red train") == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
def test_passed_is_value_at_least_the_threshold(kind):
    found = judge(kind, "one, two, three, four, five", "one, two, three, four, six", threshold=0)
    assert 0 < found.value < 1
    assert judge(kind, "one, two, three, four, five", "one, two, three, four, six", threshold=found.value).passed
    above = judge(kind, "one, two, three, four, five", "one, two, three, four, six", threshold=found.value + 1e-9)
    assert not above.passed
    measure = "rougeL" if kind == "rouge" else kind
    assert f"{measure} is {found.value:.4f}, required" in above.reason


@pytest.mark.parametrize("kind", KINDS[:-1])
@pytest.mark.parametrize("expected", [None, "", "  ", [], ["a b", ""], 3, {"a": 1}, [1]])
def test_a_case_without_a_text_is_a_fault(kind, expected):
    assert case_fault([compile_grader({"kind": kind})], Case("a1", "q", expected))
    assert isinstance(judge(kind, expected, "answer"), Failure)


@pytest.mark.parametrize(
    ("kind", "module", "package"),
    [
        ("rouge", "rouge_score", "rouge-score"),
        ("bleu", "sacrebleu", "sacrebleu"),
        ("chrf", "sacrebleu", "sacrebleu"),
        ("edit_similarity", "rapidfuzz", "rapidfuzz"),
    ],
)
def test_a_library_that_is_not_installed_is_named_when_the_grader_is_compiled(kind, module, package, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    message = rf"grader '{kind}': {package} is not installed: pip install 'pytest-ftgate\[text\]'"
    with pytest.raises(GraderError, match=message):
        compile_grader({"kind": kind})


def test_compiling_them_imports_no_library():
    heavy = "rouge_score nltk sacrebleu rapidfuzz sqlglot numpy regex"
    program = f"""
import sys
from pytest_ftgate.graders.grade import compile_grader
for kind in {KINDS}:
    compile_grader({{"kind": kind}})
print([name for name in {heavy.split()} if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("kind", ["rouge", "bleu", "chrf"])
def test_the_name_has_the_version_of_the_library_that_decides(kind):
    from importlib.metadata import version

    library = "rouge-score" if kind == "rouge" else "sacrebleu"
    assert compile_grader({"kind": kind}).name == f"{kind}@1-{library}-{version(library)}"
