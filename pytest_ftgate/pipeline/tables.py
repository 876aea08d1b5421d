"""Tables of pipeline.toml that describe no training and no gate: base, data, serving, baseline, canary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
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

    others: more training files. weights: of `train` and each of these, how often their rows are taken. general: rows
    against forgetting, so many that they are general_share of all. mixed: `train` was put together of such files.
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
    others: tuple[Path, ...] = ()
    weights: tuple[float, ...] = (1.0,)
    general: Path | None = None
    general_share: float = 0.0
    mixed: bool = False

    @property
    def is_mixed(self) -> bool:
        """Whether what is trained on must be put together first."""
        return bool(self.others or self.general) or self.weights != (1.0,)

    @property
    def files(self) -> dict[str, Path]:
        """What each file is for -> the file: "train", or "train.1", "train.2" ..., "general", and "validation" last."""
        trains = (self.train, *self.others)
        named = {f"train.{n}": path for n, path in enumerate(trains, 1)} if self.others else {"train": self.train}
        general = {"general": self.general} if self.general else {}
        return {**named, **general, "validation": self.validation}

    def on_one(self, train: Path) -> Data:
        """The same, trained on the file that was put together."""
        return replace(self, train=train, others=(), weights=(1.0,), general=None, general_share=0.0, mixed=True)

    def on(self, files: Mapping[str, Path]) -> Data:
        """The same on other files; those that are not in `files` stay."""
        train, *others = [files.get(kind, path) for kind, path in self.files.items() if kind.startswith("train")]
        general = files.get("general", self.general)
        validation = files.get("validation", self.validation)
        return replace(self, train=train, others=tuple(others), general=general, validation=validation)


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


@dataclass(frozen=True, slots=True)
class RegistryAccess:
    """Who may move the champion, and what is kept with the adapters.

    promoters: absolute files of public keys (PEM); none = everybody. base: whether the base model's folder is kept.
    """

    promoters: tuple[str, ...] = ()
    base: bool = False


@dataclass(frozen=True, slots=True)
class Retrain:
    """What begins a new training. on: "drift" or "schedule", by cron. promote: also moves the champion."""

    on: str
    cron: str = "0 3 * * 1"
    promote: bool = False


NUMBERS = {"float": float, "int": int}


def exact(kind: Any, table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with each number as the field of the dataclass has it: 8 and 8.0 are one setting, of one digest."""
    numbers = {each.name: NUMBERS[str(each.type)] for each in fields(kind) if each.type in NUMBERS}
    return {key: numbers[key](value) if key in numbers else value for key, value in table.items()}
