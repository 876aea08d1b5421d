from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.serve.client.send_chat import read_answer
from pytest_ftgate.serve.retry import RequestError


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["choices", "message"]), x)
    ).map(lambda x: repr(x).replace("'", '"').encode())
)
def test_any_other_body_is_trouble_and_nothing_worse(raw):
    with pytest.raises(RequestError, match="no chat completion"):
        read_answer(raw)
