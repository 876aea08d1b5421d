"""The example that is no classifier, trained as its pipeline says: it must beat the base model and be promoted."""

from __future__ import annotations

import re

import pytest

from tests.e2e.workshop import Workshop


@pytest.mark.slow
def test_a_model_that_extracts_fields_is_trained_and_promoted(workshop: Workshop):
    workshop.be_patient()
    done = workshop.run("goldens/invoices", "--train", usual_s=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PROMOTED invoices v1" in done.stdout
    gained = float(re.search(r"^ +baseline +PASS +\+(\d+\.\d) points", done.stdout, re.MULTILINE)[1])
    assert gained > 20
