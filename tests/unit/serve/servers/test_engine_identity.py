"""What serves is part of the model's digest: engine, release, and the arguments that may change answers."""

from __future__ import annotations

import shutil

import pytest

from pytest_ftgate.pipeline.progress import silent
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.servers import engine_identity
from pytest_ftgate.serve.servers.engine_identity import identity
from pytest_ftgate.serve.servers.engine_pool import EnginePool, EngineSettings
from tests.fake_vllm import make_executable
from tests.repository import ROOT


def release(tmp_path, version: str) -> str:
    """A vLLM of that version; the path of its executable."""
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    shutil.rmtree(site, ignore_errors=True)
    (site / f"vllm-{version}.dist-info").mkdir(parents=True)
    return str(make_executable(tmp_path / "bin"))


def test_a_release_that_only_mends_keeps_a_champion_s_results(tmp_path, monkeypatch):
    named = [identity("vllm", release(tmp_path, version)) for version in ("0.32.0", "0.32.1+cpu", "0.33.0")]
    assert named == ["vllm 0.32", "vllm 0.32", "vllm 0.33"]
    versions = {"transformers": "5.19.2", "torch": "2.13.0+cu128"}
    monkeypatch.setattr(engine_identity, "version", versions.__getitem__)
    assert identity("transformers") == "transformers 5.19 torch 2.13"


@pytest.mark.parametrize(
    ("says", "named"),
    [
        ("echo INFO 07-01 loading plugins; echo 0.33.0+cpu", "vllm 0.33"),
        ("echo vllm 0.34.1", "vllm 0.34"),
        ("echo Python 3.11 is too old", "vllm"),
        ("echo 0.35.0; exit 1", "vllm"),
    ],
)
def test_a_wrapper_is_asked_for_its_release(tmp_path, says, named):
    """`docker run ... vllm "$@"`: another release behind it must not take the answers of this one for its own."""
    wrapper = tmp_path / "vllm"
    wrapper.write_text(f'#!/bin/sh\n[ "$*" = --version ] || exit 9\n{says}\n')
    wrapper.chmod(0o755)
    assert identity("vllm", str(wrapper)) == named


def test_arguments_that_may_change_answers_are_named(tmp_path):
    vllm = release(tmp_path, "0.32.0")
    assert identity("vllm", vllm, ("-q", "fp8", "-tp", "2")) == "vllm 0.32 --quantization fp8"
    assert identity("vllm", vllm, ("-tp", "2")) == identity("vllm", vllm)


def test_where_it_is_not_installed_it_is_only_named():
    assert identity("vllm", "/no/such/vllm") == "vllm"


def test_the_models_of_a_run_carry_it(tmp_path):
    vllm, base = release(tmp_path, "0.32.0"), Model(str(ROOT / "tests"), arguments=("--quantization", "fp8"))

    def pool(kind: str, *arguments: str) -> EnginePool:
        return EnginePool(EngineSettings(kind, tmp_path, vllm=vllm, vllm_args=arguments), silent())

    one, other = pool("vllm"), pool("transformers")
    assert one.as_served(base).engine == "vllm 0.32 --quantization fp8"
    assert pool("vllm", "-q", "awq").as_served(base).engine == "vllm 0.32 --quantization awq", "the last one counts"
    assert other.as_served(base).engine.startswith("transformers ")
    assert one.as_served(base) is one.as_served(base)
    assert one.as_served(one.as_served(base)).engine == one.as_served(base).engine
    served = Model("name", served=True)
    assert one.as_served(served) == served, "of a server of others nothing is known"
