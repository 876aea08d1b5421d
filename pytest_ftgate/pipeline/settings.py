"""What a run needs to know of its surroundings: state folder, engine, registry, cache, keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pytest_ftgate.pipeline.combinations import Combinations


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Given by name, never by position; see the flags of the same names for what each means.

    unnamed: what the user has not named, so that a server cannot be asked; "" if nothing.
    """

    state_dir: Path
    engine: str = "transformers"
    base_url: str = ""
    model: str = ""
    unnamed: str = ""
    concurrency: int = 64
    tracking_uri: str = ""
    vllm: str = ""
    vllm_args: tuple[str, ...] = ()
    start_limit_s: float | None = None
    cache: str = ""
    cache_url: str = ""
    signing_key: Path | None = None
    verify_key: Path | None = None
    promoter_key: Path | None = None
    encrypt: str = ""
    decrypt: str = ""
    combinations: Combinations = field(default_factory=Combinations)
