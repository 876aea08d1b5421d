"""A registry whose champions answer with their own names, on the fake `vllm`."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from pytest_ftgate.gate.verdict import Kind, Verdict
from pytest_ftgate.pipeline.production.form_gate import GatedForm
from pytest_ftgate.pipeline.production.registered_form import register_form
from pytest_ftgate.registry import Registry
from pytest_ftgate.registry.model_tags import tags_of
from pytest_ftgate.registry.version import FORM
from pytest_ftgate.serve.forms.form import form_of
from pytest_ftgate.serve.model import Model, artifact_digest
from pytest_ftgate.serve.servers.engine_identity import identity
from tests.gguf_files import write_llama_gguf
from tests.unit.serve.vllm.adapters import make_adapter

TASK = "spam"


@dataclass
class Champions:
    """promote() makes one more champion, which answers "Hi" with `it is vN`."""

    registry: Registry
    folder: Path
    made: list[Path] = field(default_factory=list)

    def base(self, name: str = "base") -> Path:
        """A base model of its own content."""
        path = self.folder / name
        path.mkdir(exist_ok=True)
        (path / "config.json").write_text(json.dumps({"max_position_embeddings": 512, "name": name}))
        (path / "model.safetensors").write_bytes(b"weights")
        return path

    def promote(self, base: str = "base", rank: int = 8, engine: str = "vllm", **answers: object) -> int:
        """The number of the new champion. answers: by the last message, as of the fake."""
        number = len(self.made) + 1
        adapter = make_adapter(self.folder / f"adapter{number}", rank, number)
        (adapter / "answers.json").write_text(json.dumps({"Hi": f"it is v{number}", **answers}))
        return self._register(Model(str(self.base(base)), dtype="float32", adapter=adapter, engine=engine), adapter)

    def promote_whole(self) -> int:
        """The same of a model that is no adapter."""
        folder = self.base(f"whole{len(self.made) + 1}")
        (folder / "answers.json").write_text(json.dumps({"Hi": f"it is v{len(self.made) + 1}"}))
        number = self._register(Model(str(folder), dtype="float32", engine="vllm"), folder)
        shutil.rmtree(folder)  # the registry holds it
        return number

    def promote_form(self) -> int:
        """The same of the champion merged, as an export registers it once it is gated."""
        parent, number = self.registry.champion(TASK), len(self.made) + 1
        folder = self.base(f"form{number}")
        (folder / "answers.json").write_text(json.dumps({"Hi": f"it is v{number}"}))
        self.made.append(folder)
        model, verdict = Model(str(folder), dtype="float32", engine="vllm"), Verdict(Kind.PROMOTE, (), "as good")
        digest = artifact_digest(folder)
        version = register_form(self.registry, GatedForm(parent, form_of("merged"), folder, digest, model, {}, verdict))
        shutil.rmtree(folder)  # the registry holds it
        return self.registry.promote(TASK, version.number, "as good").number

    def promote_gguf(self, model_dir: Path) -> int:
        """The same of a GGUF, for the real llama.cpp."""
        folder = self.folder / "gguf"
        write_llama_gguf(model_dir, folder)
        shutil.copy(model_dir / "config.json", folder)
        return self._register(Model(str(folder), dtype="float32", engine=identity("llamacpp")), folder, "gguf:F16")

    def _register(self, model: Model, folder: Path, form: str = "") -> int:
        self.made.append(folder)
        run = self.registry.log_run(TASK, {}, {}, {}, {}, {})
        tags = {**tags_of(model), **({FORM: form} if form else {}), "verdict": "PROMOTE", "reason": "all checks passed"}
        version = self.registry.add_version(TASK, folder, artifact_digest(folder), run, tags)
        return self.registry.promote(TASK, version.number, "all checks passed").number
