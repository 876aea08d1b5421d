"""The base model to begin with: the table is what the models' own files say, and the largest that fits is chosen."""

from __future__ import annotations

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.starting.base import KNOWN, chosen
from pytest_ftgate.pipeline.starting.training import training_of
from pytest_ftgate.train.estimate.shapes import shapes_in
from tests.repository import ROOT

GIB = 2.0**30
WEIGHTS = {"135M": 134_515_008, "360M": 361_821_120, "0.5B": 494_032_768, "1.5B": 1_543_714_304, "7B": 7_615_616_512}
"""As the models' cards have them, to the last one."""


def test_the_table_has_the_weights_of_the_models():
    assert [known.shapes.weights for known in KNOWN] == list(WEIGHTS.values())
    assert all(part in known.name for part, known in zip(WEIGHTS, KNOWN, strict=True))


def test_the_smallest_is_what_its_files_say():
    folder = ROOT / ".ftgate/models/SmolLM2-135M-Instruct"
    if not folder.is_dir():
        pytest.skip("the model is made by make demo")
    found, written = KNOWN[0].shapes, shapes_in(folder)
    assert written is not None
    assert sorted(found.linears, key=str) == sorted(written.linears, key=str)
    names = ("others", "hidden", "widest", "layers", "heads", "vocabulary", "cache", "longest")
    assert all(getattr(found, name) == getattr(written, name) for name in names)


@pytest.mark.parametrize(
    ("gib", "model", "method"),
    [(2, "135M", "qlora"), (7.6, "1.5B", "lora"), (15, "1.5B", "lora"), (22.5, "7B", "lora"), (139, "7B", "lora")],
)
def test_the_largest_that_fits_a_gpu_is_chosen(gib, model, method):
    choice = chosen(cuda=True, memory=gib * GIB, cores=8, row=512, answer=64)
    assert model in choice.known.name
    assert choice.method == method


@pytest.mark.parametrize(
    ("cores", "gib", "model"), [(2, 64, "135M"), (16, 64, "360M"), (16, 4, "135M"), (2, 0, "135M")]
)
def test_a_cpu_gets_one_that_it_trains_in_minutes(cores, gib, model):
    assert model in chosen(cuda=False, memory=gib * GIB, cores=cores, row=256, answer=16).known.name


def test_a_base_that_is_given_is_taken_and_named_from_the_pipeline(tmp_path):
    (tmp_path / "models/own").mkdir(parents=True)
    with pytest.raises(FtgateError, match="holds no model"):
        given(tmp_path, str(tmp_path / "models/own"))
    (tmp_path / "models/own/config.json").write_text("{}")
    assert given(tmp_path, str(tmp_path / "models/own")).model == "../../models/own"
    assert given(tmp_path / "p", str(tmp_path / "models/own")).model == str(tmp_path / "models/own")
    assert given(tmp_path, "org/model").model == "org/model"
    with pytest.raises(FtgateError, match="no such folder, and not a hub id"):
        given(tmp_path, "./nowhere")


def test_long_rows_set_the_length_and_many_rows_their_number_on_a_cpu(tmp_path):
    long = training_of("org/model", tmp_path, ["x" * 1500] * 3, "", 16)
    assert long.max_length == 768
    assert long.few_shot == 0
    many = training_of("org/model", tmp_path, ["x" * 300] * 5000, "", 16)
    assert many.max_length == 192
    assert many.few_shot == 4
    assert many.max_rows in (0, 500)  # 0 on a GPU


def given(project, base):
    return training_of(base, project / "pipelines/mail", ["a question and an answer"], "", 16)
