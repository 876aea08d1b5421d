"""Tables of pipeline.toml that describe no training and no gate: base, data, serving, baseline, canary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Base:
    """The untuned model. model: absolute folder, or hub id. made_by: command that makes the folder.

    chat_template: absolute file, or the name of one of ours; "" = the tokenizer's. date: ISO, "" = a fixed one.
    """

    model: str
    revision: str | None = None
    made_by: str = ""
    chat_template: str = ""
    chat_template_kwargs: Mapping[str, Any] = field(default_factory=dict)
    date: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """Files or folders of rows, absolute. max_rows: of training, 0 = all. allow: checks whose errors are warnings.

    pii: what becomes of rows with personal data or keys: "error", "redact" or "drop".
    perplexity: rows whose perplexity is checked, 0 = none. columns: {key that is read: key that the rows have}.
    """

    train: Path
    validation: Path
    made_by: str = ""
    max_rows: int = 0
    allow: tuple[str, ...] = ()
    pii: str = "error"
    perplexity: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Serve:
    """Precision in training, baseline, validation, gate and production. dtype: "auto" = see `Pipeline.dtype`.

    context: tokens, 0 = what the goldens need. args: of `vllm serve`.
    """

    dtype: str = "auto"
    quantization: str | None = None
    context: int = 0
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Baseline:
    """The best prompt of the untuned model. few_shot: examples. choices: allowed answers. min_gain: a share."""

    few_shot: int = 0
    choices: tuple[str, ...] = ()
    min_gain: float = 0.0


@dataclass(frozen=True, slots=True)
class Canary:
    """What is asked every night. golden: name of the set to draw from, "" = all that gate. size: cases on the panel."""

    golden: str = ""
    size: int = 100
