"""[train] from = "champion": what the champion itself was trained on is nothing new, however it began."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_ftgate.files.seal import state_key
from pytest_ftgate.gate.verdict import Kind, Verdict
from pytest_ftgate.pipeline.stages.begin_with import begin_with, check_begin
from pytest_ftgate.pipeline.stages.promote import conclude
from pytest_ftgate.registry.version import FORM, PARENT
from pytest_ftgate.serve.model import artifact_digest
from pytest_ftgate.train.continued import continued
from tests.unit.pipeline_runs import Shop

BEGUN = "b" * 64


@pytest.mark.parametrize("before", ["", BEGUN])
def test_the_champions_own_rows_are_nothing_new(tmp_path, mlflow_template, before):
    shop = Shop(tmp_path, mlflow_template, '[train]\nmethod = "lora"\nfrom = "champion"\n')
    first = shop.run("one")
    assert first.manifest is not None
    first.manifest = replace(first.manifest, params={"begin_digest": before})
    conclude(first, Verdict(Kind.PROMOTE, (), "better"))

    run = shop.run("two")
    job = run.pipeline.job({}, {"graders": []})
    further = begin_with(run, job)
    assert further.begin_digest == first.manifest.digest, "its run is not in the state folder"

    own = replace(continued(job, first.manifest.adapter, "", run.pipeline.lora), begin_digest=before) if before else job
    folder = shop.state / "runs/quiz" / own.digest[:16]
    folder.parent.mkdir(parents=True)
    first.manifest.adapter.parent.rename(folder)
    replace(first.manifest, path=folder / "manifest.json", job_digest=own.digest).write(state_key(shop.state))
    assert begin_with(run, job).digest == own.digest
    other = replace(job, train_digest="c" * 64)
    assert begin_with(run, other).begin_digest == first.manifest.digest


def test_training_goes_on_from_what_a_form_was_made_of(tmp_path, plain_template):
    shop = Shop(tmp_path, plain_template, '[train]\nmethod = "lora"\nfrom = "champion"\n')
    first = shop.run("one")
    conclude(first, Verdict(Kind.PROMOTE, (), "better"))
    parent, folder = shop.registry.champion("quiz"), tmp_path / "form"
    folder.mkdir()
    (folder / "model.gguf").write_text("quantised")
    tags = {FORM: "gguf:Q8_0", PARENT: str(parent.as_predecessor()), "verdict": "PROMOTE"}
    form = shop.registry.add_version("quiz", folder, artifact_digest(folder), parent.run_id, tags, parent)
    shop.registry.promote("quiz", form.number, "smaller")
    run = shop.run("two")
    check_begin(run, run.champion)
    assert run.champion.number == form.number
    assert begin_with(run, run.pipeline.job({}, {"graders": []})).begin_digest == parent.digest
