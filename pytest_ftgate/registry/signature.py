"""(adapter folder, private key) -> model.sig; (adapter folder, public key) -> nothing, or a refusal.

The signature is a bundle of the library model-signing (OpenSSF), over the name and sha256 of every file of the folder;
keys are elliptic curve keys (P-256, P-384, P-521) as PEM files. Nothing is sent anywhere.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import FtgateError, MissingExtra, RegistryError
from pytest_ftgate.registry.access.cipher import PLAIN, Cipher

FILE = "model.sig"
PASSWORD = "FTGATE_SIGNING_PASSWORD"  # noqa: S105 - the name of an environment variable
MAKE_KEYS = (
    "create a key pair: openssl ecparam -name prime256v1 -genkey -noout -out key.pem; "
    "openssl ec -in key.pem -pubout -out key.pub"
)


@dataclass(frozen=True, slots=True)
class Keys:
    """signing: the private key that signs adapters as they are registered. verify: the public key; if it is set,
    an adapter that was not signed with its private key is neither promoted nor served. Both are PEM files.
    cipher: how adapters are encrypted where they are kept.
    """

    signing: Path | None = None
    verify: Path | None = None
    cipher: Cipher = PLAIN


def sign(folder: Path, key: Path, into: Path) -> Path:
    """Sign every file of the folder but an older signature; the new one, `into`/model.sig.

    A password of the key is taken from FTGATE_SIGNING_PASSWORD. Raises FtgateError for a key that cannot be used.
    """
    signing = _library("signing")
    password = os.environ.get(PASSWORD)
    try:
        config = signing.Config().use_elliptic_key_signer(
            private_key=key, password=password.encode() if password else None
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise FtgateError(f"{key}: cannot sign with this key: {_first_line(error)}\n    {MAKE_KEYS}") from None
    signature = into / FILE
    config.set_hashing_config(_hashing()).sign(folder, signature)
    return signature


def check_signature(folder: Path, key: Path, what: str) -> None:
    """RegistryError unless the folder holds exactly the files that were signed with the private key of `key`."""
    verifying = _library("verifying")
    from cryptography.exceptions import InvalidSignature

    try:
        config = verifying.Config().use_elliptic_key_verifier(public_key=key)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise FtgateError(f"{key}: is not a valid public key: {_first_line(error)}\n    {MAKE_KEYS}") from None
    if not (folder / FILE).is_file():
        raise _refused(what, f"is not signed, but {key} is set as verification key")
    try:
        config.set_hashing_config(_hashing()).verify(folder, folder / FILE)
    except InvalidSignature:
        raise _refused(what, f"has a signature that does not match {key}") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise _refused(what, f"does not match its signature: {_first_line(error)}") from None


def key_hint(signature: Path) -> str:
    """sha256 of the public key (PEM) that a signature names, for a tag; "" if it names none."""
    data = json.loads(signature.read_text(encoding="utf-8"))
    return str(data.get("verificationMaterial", {}).get("publicKey", {}).get("hint", ""))


def _library(module: str) -> Any:
    try:
        return import_module(f"model_signing.{module}")
    except ImportError as error:
        raise MissingExtra("a signing or verification key", "signing") from error


def _hashing() -> Any:
    return _library("hashing").Config().set_ignored_paths(paths=[FILE])


def _refused(what: str, why: str) -> RegistryError:
    return RegistryError(
        f"{what} {why}; not used\n"
        "    Restore the signed files, roll back (ftgate rollback TASK --to N), or register it with ftgate_signing_key"
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
