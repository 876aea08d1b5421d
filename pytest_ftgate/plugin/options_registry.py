"""Flags and ini options of the registry's keys -> who signs, who promotes, and how adapters are encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEY_SETTINGS: tuple[tuple[str, str, str], ...] = (
    ("signing-key", "", "private key (PEM, elliptic curve) to sign registered adapters"),
    ("verify-key", "", "public key (PEM); adapters without a valid signature are neither promoted nor loaded"),
    ("promoter-key", "", "private key (PEM) of a promoter, where only some may promote; default: FTGATE_PROMOTER_KEY"),
    ("encrypt", "", "command that encrypts adapters before they are uploaded; default: FTGATE_ENCRYPT"),
    ("decrypt", "", "command that decrypts them again; default: FTGATE_DECRYPT"),
)


def registry_keys(root: Path, text: Mapping[str, str]) -> dict[str, Any]:
    """Fields of Options; files are relative to `root`."""
    files = {name: root / text[name] if text[name] else None for name in ("signing-key", "verify-key", "promoter-key")}
    return {
        "signing_key": files["signing-key"],
        "verify_key": files["verify-key"],
        "promoter_key": files["promoter-key"],
        "encrypt": text["encrypt"],
        "decrypt": text["decrypt"],
    }
