"""[train] from = "champion": what the champion itself was trained on is nothing new, however it began."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_ftgate.files.seal import state_key
from pytest_ftgate.gate.verdict import Kind, Verdict
from pytest_ftgate.pipeline.stages.begin_with import begin_with
from pytest_ftgate.pipeline.stages.promote import conclude
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
