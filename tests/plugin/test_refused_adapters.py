"""A champion whose files were changed, or that nobody signed, is loaded by no door: pytest, or `ftgate serve`."""

from __future__ import annotations

import shutil
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.registry import Keys, Version, open_registry
from pytest_ftgate.registry.model_tags import tags_of
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.model import Model
from tests.projects import write_model, write_pipeline
from tests.unit.signing_keys import make_keys


class Shop:
    """A project whose champion is an adapter on a base model that no server could load: it must not come to that."""

    def __init__(self, project) -> None:
        self.project, self.path, self.state = project, project.path, project.path / ".ftgate"
        self.cases = [{"id": f"c{n}", "input": f"text {n}", "expected": "x"} for n in range(3)]
        project.locked("echo", self.cases)
        write_pipeline(self.path / "pipelines/echo", "echo", model="./base")
        write_model(self.path / "pipelines/echo/base")

    def promote(self, keys: Keys) -> Version:
        folder = self.path / "adapter"
        folder.mkdir()
        (folder / "adapter_model.safetensors").write_text("weights")
        (folder / "adapter_config.json").write_text('{"r": 8, "peft_type": "LORA"}')
        registry = open_registry(None, self.state, keys)
        run = registry.log_run("echo", {}, {}, {}, {}, {})
        tags = tags_of(Model(str(self.path / "pipelines/echo/base"), None, adapter=folder)) | {"verdict": "PROMOTE"}
        number = registry.add_version("echo", folder, adapter_digest(folder), run, tags).number
        return registry.promote("echo", number, "all checks passed")

    def flip(self, version: Version, name: str) -> None:
        file = Path(version.source) / name
        content = file.read_bytes()
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    def pytest(self) -> str:
        """What `pytest` says of the champion; it must have started no server."""
        result = self.project.run("goldens/echo")
        assert result.ret != 0
        text = result.stdout.str() + result.stderr.str()
        assert "Traceback" not in text
        assert not (self.state / "logs").exists()
        return text

    def serve(self) -> str:
        """What `ftgate serve` says; it must have started no server."""
        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as told:
            code = main(["serve", "echo"])
        assert (code, out.getvalue()) == (2, ""), out.getvalue() + told.getvalue()
        assert not (self.state / "logs").exists()
        return told.getvalue()


@pytest.fixture
def shop(project, mlflow_template, no_tracking_server):
    made = Shop(project)
    made.state.mkdir()
    shutil.copy(mlflow_template, made.state / "mlflow.db")
    return made


def test_a_flipped_byte_refuses_to_load(shop):
    champion = shop.promote(Keys())
    shop.flip(champion, "adapter_model.safetensors")
    for said in (shop.pytest(), shop.serve()):
        assert "the stored adapter of echo v1 has the digest " in said
        assert champion.digest in said


def test_with_a_key_to_verify_with_an_unsigned_adapter_refuses_to_load(shop, tmp_path):
    keys = make_keys(shop.path)
    shop.promote(Keys())
    with (shop.path / "tox.ini").open("a") as ini:
        ini.write("\nftgate_verify_key = key.pub\n")
    for said in (shop.pytest(), shop.serve()):
        assert f"the stored adapter of echo v1 is not signed, but {keys.verify} is set" in said


def test_a_signed_adapter_refuses_to_load_if_any_of_its_files_changed(shop):
    """The digest is of what decides the answers; the signature is of every byte."""
    champion = shop.promote(make_keys(shop.path))
    (shop.path / "adapter" / "adapter_config.json").write_text('{"r": 8, "peft_type": "LORA", "revision": "evil"}')
    shutil.copy(shop.path / "adapter" / "adapter_config.json", champion.source)
    with (shop.path / "tox.ini").open("a") as ini:
        ini.write("\nftgate_verify_key = key.pub\n")
    for said in (shop.pytest(), shop.serve()):
        assert "does not match its signature" in said
        assert "Hash mismatch for 'adapter_config.json'" in said
