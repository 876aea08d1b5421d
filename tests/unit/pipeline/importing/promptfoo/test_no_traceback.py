"""Whatever stands in a configuration, it is carried over, named as lost, or a fault with its file: never a traceback."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults

CONFIG: dict[str, Any] = {
    "prompts": [
        "A {{q}} {{s}}",
        "file://p.txt",
        {"raw": "{{q}}", "label": "x"},
        [{"role": "user", "content": "{{q}}"}],
    ],
    "evaluateOptions": {"repeat": 2},
    "defaultTest": {"vars": {"s": "x"}, "assert": [{"type": "llm-rubric", "value": "ok {{q}}"}], "options": {}},
    "tests": [
        "t.csv",
        {
            "vars": {"q": ["a", "b"], "o": {"a": 1}},
            "description": "x y",
            "threshold": 0.5,
            "metadata": {"k": "v"},
            "assert": [
                {"type": "contains", "value": "x", "weight": 2},
                {"type": "assert-set", "assert": [{"type": "regex", "value": "a+"}], "threshold": 0.4},
            ],
        },
    ],
    "scenarios": [{"config": [{"vars": {"q": "1"}}], "tests": [{"assert": [{"type": "equals", "value": [1, None]}]}]}],
}
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    2.5,
    1e308,
    "",
    "x",
    "{{q}}{{q}}",
    "{{ q",
    "{% if %}",
    "file://",
    "file://none.txt",
]
ODD += ["*", "[", "\x00", "\ud800", "python:x", [], {}, [[]], [{}], {"type": "contains"}, {"$ref": "#/tests"}]
FILES = {"p.txt": "A {{q}}\n---\nB", "t.csv": "q,__expected\nno,icontains: x\n"}


def places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield (*before, key)
        yield from places(value[key], (*before, key))


def changed(draw: random.Random) -> dict[str, Any]:
    config = copy.deepcopy(CONFIG)
    *way, last = draw.choice(list(places(config)))
    inner: Any = config
    for key in way:
        inner = inner[key]
    inner[last] = draw.choice(ODD)
    return config


def test_an_odd_value_anywhere_is_told(imported):
    draw, told = random.Random(7), list[Fault]()
    read = 0
    for _ in range(120):
        with suppress(FileFaults):
            told += imported(files=FILES, **changed(draw)).lost
            read += 1
    assert read > 80
    assert all(fault.path and fault.message for fault in told)
