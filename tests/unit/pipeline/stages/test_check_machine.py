"""What the first stage of `--train` says of the machine, before anything is paid for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.pipeline.progress import Console
from pytest_ftgate.pipeline.run import PipelineRun
from pytest_ftgate.pipeline.runtime import Runtime
from pytest_ftgate.pipeline.settings import Settings
from pytest_ftgate.pipeline.stages.check_machine import check_machine
from pytest_ftgate.pipeline.stages.prepare_data import prepare_data
from tests.projects import write_golden, write_pipeline, write_rows
from tests.unit.train.estimate.known import tiny_llama


@pytest.fixture
def checked(tmp_path):
    """`checked("[train]\\n...", config)`: the lines that are said of a pipeline, and the errors."""

    def check(more: str = "", config=None) -> tuple[list[str], str]:
        folder = tmp_path / "pipelines/quiz"
        if config or not folder.exists():
            (config or tiny_llama()).save_pretrained(folder / "model")
        write_rows(folder / "train.jsonl", [{"input": "Is it?", "expected": "yes"}] * 4)
        cases = ({"id": f"c{i}", "input": f"{i}?", "expected": "yes"} for i in range(20))
        suite = load_suite(write_golden(tmp_path / "goldens/quiz", cases, "[gate]\n"))
        pipeline = read_pipeline(write_pipeline(folder, "quiz", validation="train.jsonl", more=more))
        said: list[str] = []
        runtime = Runtime(Settings(state_dir=tmp_path / "state"), Console(sys.stderr, said.append))
        run = PipelineRun(pipeline, (suite,), runtime)
        prepare_data(run)
        said.clear()
        check_machine(run)
        assert run.machine_lacks is not None
        return said, run.machine_lacks

    return check


def test_a_machine_that_can_is_one_line(checked):
    (line,), lacking = checked()
    assert not lacking
    assert line.startswith("  memory: training ")
    assert ", serving " in line


def test_a_model_that_cannot_fit_ends_the_run_with_what_to_change(checked):
    large = tiny_llama(hidden=16384, intermediate=65536, layers=400, heads=64, kv_heads=64)
    said, text = checked('[train]\nmethod = "full"\n', large)
    assert said[0].startswith("  error: training needs ")
    assert text.startswith("training needs ")
    assert "\n    name a smaller base.model, or use a machine with more memory\n" in text
    assert text.endswith("nothing was asked or trained; `ftgate doctor quiz` says more")


def test_a_library_that_is_not_here_ends_it_too(checked):
    _, lacking = checked('[tracking]\nreport_to = ["no_such_tracker"]\n')
    assert lacking.startswith("tracking.report_to: no_such_tracker not installed; install or remove it\n")


def test_a_warning_is_one_line_and_stops_nothing(checked):
    (first, *_), lacking = checked("[train]\ngpus = 1000\n")
    assert not lacking
    assert first.startswith("  warning: train.gpus = 1000: no GPU here")


def test_a_model_of_which_nothing_is_known_is_passed_over(checked, tmp_path):
    checked()
    (tmp_path / "pipelines/quiz/model/config.json").write_text("{}")
    assert checked() == ([], "")


def test_it_imports_neither_torch_nor_the_hub_where_weights_are_here(model_dir_of_ours):
    code = (
        "import sys; from pathlib import Path\n"
        "from pytest_ftgate.train.estimate.shapes import shapes_in\n"
        "import pytest_ftgate.pipeline.stages.check_machine\n"
        f"assert shapes_in(Path({str(model_dir_of_ours)!r})) is not None\n"
        "print(sorted({'torch', 'transformers', 'huggingface_hub', 'mlflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture
def model_dir_of_ours(tmp_path):
    from transformers import LlamaForCausalLM

    LlamaForCausalLM(tiny_llama()).save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"
