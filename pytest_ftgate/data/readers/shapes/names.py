"""The keys that some shape reads, to which a column may be mapped."""

from __future__ import annotations

from pytest_ftgate.data.readers.shapes.common import DESIRED, SYSTEM, TOOLS
from pytest_ftgate.data.readers.shapes.messages import REASONING
from pytest_ftgate.data.readers.shapes.table import SHAPES

NAMES = tuple(
    dict.fromkeys(
        [
            *(key for shape in SHAPES for key in shape.needs),
            *("context", "history", *SYSTEM, *TOOLS, *DESIRED, *REASONING),
            *("id", "cluster", "slices", "source", "synthetic", "reviewed"),
        ]
    )
)
