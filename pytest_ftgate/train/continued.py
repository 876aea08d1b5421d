"""(job, adapter of the champion) -> the job that trains it further: its shape decides, and [lora] must not differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import TrainError
from pytest_ftgate.serve.adapter import adapter_config, adapter_digest
from pytest_ftgate.serve.model import is_adapter
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.tuning import Lora

PEFTS = 8
"""Rank and alpha of PEFT where a configuration names none."""

SHAPE = (
    "rank_pattern",
    "alpha_pattern",
    "exclude_modules",
    "layers_to_transform",
    "layers_pattern",
    "target_parameters",
)
"""Fields of an adapter beside rank, scale and layers that must be as they were."""


def continued(job: TrainJob, adapter: Path, champion: str, written: Lora) -> TrainJob:
    """The job that begins with the adapter in a folder. written: [lora] as it is written. Raises as `shape_of`."""
    found = shape_of(adapter, champion, written)
    return replace(job, lora=found, begin_adapter=str(adapter), begin_digest=adapter_digest(adapter))


def shape_of(adapter: Path, champion: str, written: Lora) -> Lora:
    """The table [lora] that the adapter in a folder was made by. written: as in pipeline.toml.

    Raises TrainError for a whole model, and for keys of [lora] that say otherwise than the adapter is.
    """
    if not is_adapter(adapter):
        raise TrainError(
            f'train.from = "champion": {champion} is a whole model, no adapter\n    set train.from = "base"'
        )
    found = lora_of(adapter_config(adapter), written.dropout)
    if differences := list(_differences(found, written)):
        raise TrainError(
            f'train.from = "champion": {champion} has {"; ".join(differences)}\n'
            '    remove these keys of [lora], or set train.from = "base"'
        )
    return found


def lora_of(config: Mapping[str, Any], dropout: float) -> Lora:
    """The table [lora] that makes an adapter of this adapter_config.json."""
    modules = config.get("target_modules", "all-linear")
    return Lora(
        r=int(config.get("r", PEFTS)),
        alpha=float(config.get("lora_alpha", PEFTS)),
        dropout=dropout,
        target_modules=tuple(sorted(modules)) if isinstance(modules, list) else str(modules),
        rslora=bool(config.get("use_rslora")),
        extra={name: config[name] for name in SHAPE if config.get(name)},
    )


def _differences(found: Lora, written: Lora) -> Iterator[str]:
    if written.r and written.r != found.r:
        yield f"rank {found.r}, and lora.r = {written.r}"
    if written.alpha and written.alpha != found.alpha:
        yield f"alpha {found.alpha:g}, and lora.alpha = {written.alpha:g}"
    if written.rslora and not found.rslora:
        yield "no scale of rslora, and lora.rslora = true"
    named = written.target_modules
    if named != "all-linear" and set(_listed(named)) != set(_listed(found.target_modules)):
        layers = ", ".join(_listed(found.target_modules))
        yield f"adapters on {layers}, and lora.target_modules = {', '.join(_listed(named))}"
    for name, value in written.extra.items():
        if name in SHAPE and value != found.extra.get(name):
            yield f"{name} = {found.extra.get(name)}, and lora.extra.{name} = {value}"


def _listed(modules: str | tuple[str, ...]) -> tuple[str, ...]:
    return (modules,) if isinstance(modules, str) else modules
