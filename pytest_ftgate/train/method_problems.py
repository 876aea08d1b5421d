"""Tables [train] and [lora] of pipeline.toml -> which keys do not go with the method."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_ftgate.train.tuning import METHODS_OF, REFERENCED, Tuning

Problem = tuple[tuple[str, ...], str, str]
"""Where in the file, what is wrong, and how to fix it."""


def method_problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Of a pipeline.toml that its schema accepts."""
    train, lora = data.get("train", {}), data.get("lora")
    method = train.get("method", Tuning().method)
    for key, methods in METHODS_OF.items():
        if key in train and method not in methods:
            needed = " or ".join(f'"{name}"' for name in methods)
            yield ("train", key), f'train.{key} requires method = {needed}, found "{method}"', "remove it"
    if method == "full" and lora is not None:
        yield ("lora",), '[lora] is not allowed with method = "full"', 'remove [lora], or set method = "lora"'
    if method in REFERENCED and "lm_head" in (lora or {}).get("target_modules", ()):
        message = f'method = "{method}" does not support an adapter on lm_head: TRL bypasses it'
        yield ("lora", "target_modules"), message, "remove lm_head"
    if method == "kto" and train.get("batch_size") == 1:
        message = 'method = "kto" compares each answer with another one of its batch; train.batch_size is 1'
        yield ("train", "batch_size"), message, "set it to 2 or more; lower gradient_accumulation to keep the step"
