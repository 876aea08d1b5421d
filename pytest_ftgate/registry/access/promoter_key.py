"""PEM files of elliptic curve keys -> signatures of statements, and whether one fits.

ECDSA with SHA-256 by the library cryptography. A key is known by its fingerprint, the sha256 of its public half.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import FtgateError, MissingExtra
from pytest_ftgate.files.secrets import secret_in
from pytest_ftgate.registry.access.statement import Statement
from pytest_ftgate.registry.signature import MAKE_KEYS, PASSWORD

SHOWN = 16
"""Digits of a fingerprint in messages."""


@dataclass(frozen=True, slots=True)
class Signed:
    """over, after: of the statement, which are not known elsewhere. key: fingerprint. signature: base64."""

    over: str
    after: str
    key: str
    signature: str


@dataclass(frozen=True, slots=True)
class PromoterKey:
    """A private key that is loaded. path: of its file."""

    path: Path
    fingerprint: str
    private: Any

    def sign(self, statement: Statement) -> Signed:
        """The statement with this key's signature."""
        signature = self.private.sign(statement.to_bytes(), _ecdsa())
        return Signed(statement.over, statement.after, self.fingerprint, base64.b64encode(signature).decode())


def private_key(path: Path) -> PromoterKey:
    """The key in a file; its password, if it has one, is in FTGATE_SIGNING_PASSWORD. Raises FtgateError."""
    password = secret_in(PASSWORD)
    try:
        key = _pem().load_pem_private_key(path.read_bytes(), password.encode() if password else None)
        return PromoterKey(path, _fingerprint(key.public_key()), _elliptic(key))
    except (OSError, ValueError, TypeError) as error:
        raise FtgateError(f"{path}: cannot sign with this key: {_first_line(error)}\n    {MAKE_KEYS}") from None


def public_keys(paths: Iterable[Path]) -> dict[str, str]:
    """Fingerprint -> the public key (base64 of its DER) of PEM files. Raises FtgateError."""
    found: dict[str, str] = {}
    for path in paths:
        try:
            key = _pem().load_pem_public_key(path.read_bytes())
            found[_fingerprint(key)] = base64.b64encode(_der(key)).decode()
            _elliptic(key)
        except (OSError, ValueError, TypeError) as error:
            message = f"{path}: is not a valid public key: {_first_line(error)}\n    {MAKE_KEYS}"
            raise FtgateError(message) from None
    return dict(sorted(found.items()))


def fits(signed: Signed, statement: Statement, keys: Mapping[str, str]) -> bool:
    """Whether one of these public keys has signed exactly this statement."""
    invalid = _library("exceptions").InvalidSignature
    if signed.key not in keys:
        return False
    try:
        key = _pem().load_der_public_key(base64.b64decode(keys[signed.key]))
        if _fingerprint(key) != signed.key:
            return False
        _elliptic(key).verify(base64.b64decode(signed.signature), statement.to_bytes(), _ecdsa())
    except (invalid, ValueError, TypeError):
        return False
    return True


def shown(keys: Iterable[str]) -> str:
    """Fingerprints as messages name them."""
    return ", ".join(key[:SHOWN] for key in keys)


def _fingerprint(public: Any) -> str:
    return hashlib.sha256(_der(public)).hexdigest()


def _der(public: Any) -> bytes:
    pem = _pem()
    found: bytes = public.public_bytes(pem.Encoding.DER, pem.PublicFormat.SubjectPublicKeyInfo)
    return found


def _elliptic(key: Any) -> Any:
    ec = _library("hazmat.primitives.asymmetric.ec")
    if not isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        raise TypeError("not an elliptic curve key")
    return key


def _ecdsa() -> Any:
    hashes = _library("hazmat.primitives.hashes")
    return _library("hazmat.primitives.asymmetric.ec").ECDSA(hashes.SHA256())


def _pem() -> Any:
    return _library("hazmat.primitives.serialization")


def _library(module: str) -> Any:
    try:
        return import_module(f"cryptography.{module}")
    except ImportError as error:
        raise MissingExtra("promoters' keys", "signing") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
