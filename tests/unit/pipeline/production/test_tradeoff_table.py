"""The table of what each form costs and loses."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.evaluations import Evaluations
from pytest_ftgate.pipeline.production.tradeoff import Figures, Measured, form_names
from pytest_ftgate.pipeline.production.tradeoff_table import cells, markdown, rows
from pytest_ftgate.pipeline.progress import silent
from pytest_ftgate.pipeline.runtime import Runtime
from pytest_ftgate.pipeline.settings import Settings
from pytest_ftgate.pipeline.targets import Target
from pytest_ftgate.serve.model import Model
from tests.unit.pipeline_runs import Shop, answered


@pytest.fixture
def found(tmp_path: Path, plain_template: Path) -> list[dict[str, object]]:
    shop = Shop(tmp_path, plain_template)
    suite = shop.golden()
    evaluations = Evaluations(Runtime(Settings(state_dir=shop.state), silent()))
    measured = []
    wrongs = {"bf16": range(10), "int8": range(11), "gguf:Q8_0": range(10, 20), "gguf:Q4_K_M": range(30)}
    for i, (name, wrong) in enumerate(wrongs.items(), start=1):
        evaluation = evaluations.of(suite, Target(name, Model(name, served=True)))
        answered(evaluation, wrong)
        figures = Figures("vllm 0.32", 269_000_000 // i, 1_200_000_000 * (i != 2), 1000.0 * i)
        measured.append(Measured(name, figures, {suite.name: evaluation}, earlier=i == 2))
    return list(rows(measured, suite, 0.05))


def test_each_form_is_compared_with_the_first(found):
    first, int8, q8, q4 = map(cells, found)
    assert first == (
        "bf16", "vllm 0.32", "269 MB", "1,200 MB", "1,000", "1.00", "accuracy 0.900 [0.840, 0.939]", "",
        "the one compared with",
    )  # fmt: skip
    assert int8[2:6] == ("134 MB", "unknown", "2,000 (measured earlier)", "2.00")
    assert int8[-2:] == ("-1.0 [-4.4, +1.7]", "not shown to be worse, loses less than 5 points")
    assert q8[-2].startswith("+0.0 [-")
    assert q8[-1].startswith("not shown to lose less than 5 points; about ")
    assert q4[-1] == "falls short by 20.0 points"


def test_as_markdown_it_is_one_table(found):
    lines = markdown(found).splitlines()
    assert lines[0].startswith("| form | engine | on disk |")
    assert len(lines) == 2 + len(found)
    assert len({line.count("|") for line in lines}) == 1


def test_an_unknown_form_lists_those_there_are():
    with pytest.raises(FtgateError, match=r"'q5' is not a form of a model; expected one of: merged, .*, f32, bf16"):
        form_names("q5")


@pytest.mark.parametrize("form", ["awq", "gptq"])
def test_what_another_environment_makes_is_refused_before_anything_is_measured(form):
    with pytest.raises(
        FtgateError, match=rf"{form} is made by another environment(.|\n)*ftgate export TASK --to {form}"
    ):
        form_names(form)
