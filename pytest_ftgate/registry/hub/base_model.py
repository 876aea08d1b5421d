"""Version -> the base model that a model card may name, and its licence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.files.escape import one_line
from pytest_ftgate.registry.model_tags import BASE, REVISION

if TYPE_CHECKING:
    from pytest_ftgate.registry import Version

UNKNOWN = "other"
"""What the Hub calls a licence that is none of its list."""


@dataclass(frozen=True, slots=True)
class BaseModel:
    """hub_id: "org/name", "" for a folder of one machine, which is not named. licence: as the Hub spells it."""

    hub_id: str
    revision: str
    licence: str

    @property
    def known(self) -> bool:
        """Whether the licence was found."""
        return self.licence != UNKNOWN


def base_of(version: Version) -> BaseModel:
    """From a version's tags; the licence from the base's own card, on the Hub or in its folder."""
    name = version.tags.get(BASE, "")
    if not name or Path(name).is_absolute() or Path(name).exists():
        return BaseModel("", "", _licence_in(Path(name)) if name else UNKNOWN)
    revision = version.tags.get(REVISION, "")
    return BaseModel(name, revision, _licence_on_the_hub(name, revision))


def _licence_in(folder: Path) -> str:
    """By the card in a model's folder."""
    from huggingface_hub import ModelCard

    try:
        return _name(ModelCard.load(folder / "README.md", ignore_metadata_errors=True).data.license)
    except Exception:  # noqa: BLE001 - no card, or one of any shape: then the licence is not known
        return UNKNOWN


def _licence_on_the_hub(name: str, revision: str) -> str:
    from huggingface_hub import HfApi

    try:
        card: Any = HfApi().model_info(name, revision=revision or None, timeout=30.0).card_data
        return _name(card.license if card else None)
    except Exception:  # noqa: BLE001 - gated, gone or not reachable: then it is not known, and said
        return UNKNOWN


def _name(found: object) -> str:
    return one_line(found) if isinstance(found, str) and found else UNKNOWN
