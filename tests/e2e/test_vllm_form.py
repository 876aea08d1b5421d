"""An exported form in real vLLM: a quantised model starts there, and answers as the adapter that it was made of."""

from __future__ import annotations

from pytest_ftgate.serve.client.sync import Client
from pytest_ftgate.serve.forms.form import form_of
from pytest_ftgate.serve.forms.write_form import write_form
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.vllm.engine import VllmEngine
from tests.e2e.vllm_models import make_adapter, need_vllm
from tests.e2e.workshop import MODEL


def test_an_int8_form_starts_and_answers(tmp_path):
    """Where adapters are to be put on its layers too, vLLM on a CPU ends in a traceback."""
    need_vllm()
    tuned = Model(str(MODEL), dtype="bfloat16", adapter=make_adapter(tmp_path / "adapter", 1, zero=True))
    written = write_form(tuned, form_of("int8"), tmp_path / "int8", lambda _: None)
    form = Model(str(written.folder), dtype="bfloat16")
    engine = VllmEngine(form, tmp_path / "vllm.log")
    engine.expect(form)
    try:
        engine.start(lambda _: None)
        answer = Client(engine.endpoint(form)).text("What is the capital of France?", max_tokens=24, temperature=0)
    finally:
        engine.stop()
    assert "Paris" in answer
