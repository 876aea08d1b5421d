"""(standing, promoters of pipeline.toml, key) -> the key that a move is signed with, or why there may be none.

A list that is on record in the registry holds, whatever a pipeline.toml says: it is changed by a promoter alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_ftgate.errors import FtgateError, RegistryError
from pytest_ftgate.registry.access.policy import Chain
from pytest_ftgate.registry.access.promoter_key import PromoterKey, private_key, public_keys, shown

HOW = "pass --key FILE, set ftgate_promoter_key, or FTGATE_PROMOTER_KEY, to the private key of a promoter"


def key_file(given: Path | None) -> Path | None:
    """The promoter's key that was given, else the one that FTGATE_PROMOTER_KEY names; None if neither does."""
    named = os.environ.get("FTGATE_PROMOTER_KEY", "")
    return given or (Path(named) if named else None)


@dataclass(frozen=True, slots=True)
class Right:
    """key: that signs; None where everybody may. keys: those of a list that is yet to be written down, else none."""

    key: PromoterKey | None = None
    keys: Mapping[str, str] | None = None


def right(task: str, chain: Chain, listed: Sequence[Path], key: Path | None) -> Right:
    """The right to move the champion of a task. Raises RegistryError, FtgateError.

    chain: of the registry. listed: public keys of [registry] promoters. key: file of the private key, if there is one.
    """
    keys = public_keys(listed)
    if chain and listed and keys.keys() != chain[-1].keys.keys():
        raise RegistryError(
            f"{task}: the promoters in pipeline.toml ({shown(keys)}) are not those on record "
            f"({shown(chain[-1].keys)})\n"
            f"    A promoter on record changes them: ftgate promoters {task} --set FILE ... --key FILE"
        )
    allowed = chain[-1].keys if chain else keys
    if not allowed:
        return Right()
    if key is None:
        raise RegistryError(f"{task}: only its promoters ({shown(allowed)}) may move the champion\n    {HOW}")
    mine = private_key(key)
    if mine.fingerprint not in allowed:
        raise RegistryError(
            f"{task}: {key} is key {shown([mine.fingerprint])}, but its promoters are {shown(allowed)}\n    {HOW}"
        )
    return Right(mine, None if chain else keys)


def refusal(task: str, chain: Chain, listed: Sequence[Path], key: Path | None) -> str:
    """Why this key may not move the champion; "" if it may. See `right`."""
    try:
        right(task, chain, listed, key)
    except FtgateError as error:
        return str(error).partition("\n")[0]
    return ""
