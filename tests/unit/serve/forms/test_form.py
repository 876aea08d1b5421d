from __future__ import annotations

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.forms.form import Form, form_of


@pytest.mark.parametrize(("text", "runtime"), [("merged", "vllm"), ("int8", "vllm"), ("gguf:Q4_K_M", "llamacpp")])
def test_a_form_is_the_text_that_names_it(text, runtime):
    form = form_of(text)
    assert (str(form), form.runtime) == (text, runtime)


@pytest.mark.parametrize("text", ["", "gguf", "gguf:Q9", "int8:x", "merge"])
def test_another_text_is_refused_with_those_there_are(text):
    with pytest.raises(ServeError, match=r"expected one of: merged, int8, .*gguf:Q8_0"):
        form_of(text)


def test_a_form_has_no_detail_by_default():
    assert form_of("merged") == Form("merged")
