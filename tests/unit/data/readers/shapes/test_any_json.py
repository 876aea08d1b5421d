"""row_of: whatever JSON stands under the keys that it reads, a row or faults come of it, never an exception."""

from __future__ import annotations

from hypothesis import event, given, settings
from hypothesis import strategies as st

from pytest_ftgate.data.pii.redact import redacted
from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.shapes import SHAPES, row_of
from pytest_ftgate.data.readers.shapes.common import OURS
from pytest_ftgate.data.readers.shapes.messages import MEDIA, REASONING
from pytest_ftgate.data.readers.shapes.names import NAMES
from pytest_ftgate.errors import Fault

TEXTS = st.sampled_from(["", "a", "{", "[]", '{"name": "f"}', "true", "user"])
LEAVES = st.none() | st.booleans() | st.integers(-1, 2) | st.just(0.5) | TEXTS
IN_MESSAGES = (
    "role",
    "from",
    "content",
    "value",
    "parts",
    "weight",
    "tool_calls",
    "function_call",
    "name",
    "type",
    "text",
)
IN_PARTS = (
    "functionCall",
    "functionResponse",
    "thinking",
    "input",
    "tool_use_id",
    "function",
    "arguments",
    "id",
    "args",
)
KEYS = st.sampled_from([*IN_MESSAGES, *IN_PARTS, *REASONING, "images"])
ROLES = st.sampled_from(
    ["user", "assistant", "system", "tool", "human", "gpt", "function_call", "model", "observation"]
)
TYPES = st.sampled_from(["text", "thinking", "tool_use", "tool_result", "image_url"])
VALUES = st.recursive(
    LEAVES,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(KEYS, below, max_size=3)
        | st.fixed_dictionaries({"role": ROLES, "content": below}, optional={"tool_calls": below, "weight": below})
        | st.fixed_dictionaries({"type": TYPES}, optional={"text": below, "content": below, "name": TEXTS})
    ),
    max_leaves=12,
)
MESSAGES = st.lists(st.fixed_dictionaries({"role": ROLES, "content": VALUES | TEXTS}), max_size=4)
OTHERS = st.dictionaries(st.sampled_from(sorted({*NAMES, *OURS, *MEDIA, "input", "url"})), VALUES, max_size=3)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, object]:
    """The keys of a shape with anything below them, and other keys."""
    needs = draw(st.sampled_from(SHAPES)).needs
    return draw(OTHERS) | {key: draw(MESSAGES | VALUES | TEXTS) for key in needs}


@settings(max_examples=600, deadline=None)
@given(rows())
def test_any_row_is_read_or_refused(data):
    found = row_of(Record("f", 1, data))
    event("row" if isinstance(found, DataRow) else "faults")
    if isinstance(found, DataRow):
        assert all(isinstance(turn["content"], str) for turn in found.asked)
        assert isinstance(found.text, str)
        assert found.question is not None
        assert redacted(found).id == found.id
        assert isinstance(found.answer, str)
        assert all(key in data or key.startswith("messages[].") for key in found.unused)
    else:
        assert found
        assert all(isinstance(fault, Fault) for fault in found)
