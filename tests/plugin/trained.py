"""A project whose fine-tunes are done: `--train` from leakage to promotion, served by the fake vllm, in seconds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.files.seal import state_key
from tests.fake_vllm import make_executable
from tests.plugin.conftest import Project
from tests.projects import pipeline_toml, write_model, write_rows

TASK = '[[gate.floor]]\nmetric = "accuracy"\nmin = 0.7\n'
PIPELINE = pipeline_toml("mail") + 'allow = ["size"]\n[train]\nmethod = "lora"\nseed = {seed}\n'
SIZE = 60


class Trained:
    """One task, "mail": 60 cases, two languages; and 60 general questions."""

    def __init__(self, project: Project, store: Path) -> None:
        self.project = project
        state = project.path / ".ftgate"
        state.mkdir()
        shutil.copy(store, state / "mlflow.db")
        self.folder: Path = project.path / "pipelines/mail"
        cases = [
            {"id": f"c{i}", "input": f"m{i}", "expected": f"a{i}", "slices": {"lang": "de" if i % 2 else "en"}}
            for i in range(SIZE)
        ]
        project.locked("mail", cases, TASK)
        skills = [{"id": f"s{i}", "input": f"skill {i}", "expected": f"b{i}"} for i in range(SIZE)]
        project.locked("skills", skills, "[gate]\n")
        for name in ("train", "validation"):
            row = {"input": f"something else for {name}", "expected": "yes"}
            write_rows(self.folder / f"{name}.jsonl", [row])
        write_model(self.folder / "model")
        self.executable = make_executable(project.path / "bin")

    def base(self, wrong: Collection[int], forgot: Collection[int] = ()) -> None:
        """What the base model gets wrong; before anything else, as it decides the base model's digest."""
        self._answers(self.folder / "model", wrong, forgot)

    def candidate(
        self, seed: int, wrong: Collection[int], forgot: Collection[int] = (), more: str = "", settings: str = "[train]"
    ) -> None:
        """The next training gives a model that gets these wrong. more, settings: lines for pipeline.toml, the latter
        for [data].
        """
        written = PIPELINE.format(seed=seed).replace("[train]", settings) + more
        self.project.write("pipelines/mail/pipeline.toml", written)
        out = self._out_dir()
        adapter = out / "adapter"
        adapter.mkdir(parents=True)
        self._adapter(adapter, seed)
        self._answers(adapter, wrong, forgot)
        tokens = [{"messages": [{"role": "user", "content": "hi"}], "tokens": list(b"hi")}]
        (out / "tokens.json").write_text(json.dumps(tokens))
        self._manifest(out)

    def mute(self, answer: object = "", cases: Collection[int] = range(SIZE)) -> None:
        """The model of the next training answers nothing, or this, to these cases of the task."""
        file = self._out_dir() / "adapter/answers.json"
        known = json.loads(file.read_text()) | {f"m{i}": answer for i in cases}
        file.write_text(json.dumps(known))

    def run(self, *args: str) -> pytest.RunResult:
        """`pytest --train` in this process, which has MLflow already."""
        return self.project.run(*self._command(), *args)

    def run_alone(self, *args: str) -> pytest.RunResult:
        """`pytest --train` in a process of its own, as it must be where torch is imported: it bears no second time."""
        return self.project.pytester.runpytest_subprocess(*self._command(), *args)

    def _command(self) -> tuple[str, ...]:
        vllm = ("--ftgate-engine", "vllm", "--ftgate-vllm", str(self.executable))
        return ("-p", "no:cacheprovider", *vllm, "goldens/mail", "--train")

    @staticmethod
    def _answers(folder: Path, wrong: Collection[int], forgot: Collection[int]) -> None:
        known = {f"m{i}": "hm" if i in wrong else f"a{i}" for i in range(SIZE)}
        known |= {f"skill {i}": "hm" if i in forgot else f"b{i}" for i in range(SIZE)}
        (folder / "answers.json").write_text(json.dumps(known))

    def _job(self) -> Any:
        from pytest_ftgate.evaluate.suite import load_suite
        from pytest_ftgate.pipeline.config import read_pipeline
        from pytest_ftgate.pipeline.stages.fine_tune import grading
        from pytest_ftgate.pipeline.stages.mix_data import mixed
        from pytest_ftgate.pipeline.stages.prepare_data import prepared

        pipeline, _ = prepared(read_pipeline(self.folder / "pipeline.toml"), self.project.path / "as-prepared")
        if pipeline.data.is_mixed:
            names = {kind: str(path.relative_to(self.folder)) for kind, path in pipeline.data.files.items()}
            copy, _ = mixed(pipeline.data, names, self.project.path / "as-mixed", pipeline.seed)
            pipeline = replace(pipeline, data=pipeline.data.on_one(copy))
        suite = load_suite(self.project.path / "goldens/mail")
        return pipeline.job(suite.prompt.to_json(), grading(suite))

    def _out_dir(self) -> Path:
        return Path(self.project.path / ".ftgate/runs/mail" / self._job().digest[:16])

    @staticmethod
    def _adapter(folder: Path, seed: int) -> None:
        import numpy as np
        from safetensors.numpy import save_file

        save_file({"lora_B": np.full((2, 2), float(seed), np.float32)}, folder / "adapter_model.safetensors")
        (folder / "adapter_config.json").write_text('{"r": 8, "peft_type": "LORA"}')

    def _manifest(self, out: Path) -> None:
        from pytest_ftgate.serve.adapter import adapter_digest
        from pytest_ftgate.train.manifest import Epoch, Manifest

        epoch = Epoch(1, 1, 1.0, 1, 1, 0.1, 1.1, 0.1)
        digest = adapter_digest(out / "adapter")
        curves = {"loss": [(1, 0.1)]}
        Manifest(
            out / "manifest.json", self._job().digest, digest, "lora", 1, (epoch,), {}, {"loss": 0.1}, curves, {}, ""
        ).write(state_key(self.project.path / ".ftgate"))
