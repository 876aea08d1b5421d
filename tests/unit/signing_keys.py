"""A pair of elliptic curve keys as PEM files."""

from pathlib import Path

from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec

from pytest_ftgate.registry import Keys


def make_keys(folder: Path, password: bytes | None = None) -> Keys:
    private = ec.generate_private_key(ec.SECP256R1())
    lock = pem.BestAvailableEncryption(password) if password else pem.NoEncryption()
    signing, verify = folder / "key.pem", folder / "key.pub"
    signing.write_bytes(private.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, lock))
    public = private.public_key()
    verify.write_bytes(public.public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo))
    return Keys(signing, verify)
