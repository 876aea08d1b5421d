"""What a registered candidate needs goes into the registry with it, if pipeline.toml says so."""

from __future__ import annotations

import pytest

from pytest_ftgate.gate.verdict import Kind, Verdict
from pytest_ftgate.pipeline.stages.promote import conclude
from pytest_ftgate.registry import bases
from pytest_ftgate.registry.model_tags import BASE_DIGEST
from tests.unit.pipeline_runs import Shop


@pytest.mark.parametrize("kept", [True, False])
def test_the_base_models_folder_is_kept_with_the_candidate(tmp_path, plain_template, kept):
    shop = Shop(tmp_path, plain_template, "[registry]\nbase = true\n" if kept else "")
    run = shop.run("one")
    conclude(run, Verdict(Kind.PROMOTE, (), "better"))
    digest = run.base.base_digest
    assert bases.digests(shop.registry.store) == ([digest] if kept else [])
    assert shop.registry.champion("quiz").tags[BASE_DIGEST] == digest
