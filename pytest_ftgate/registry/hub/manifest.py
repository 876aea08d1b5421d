"""Version <-> ftgate.json: what lies on the Hub beside the files of a version, so that it can be proved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.files.escape import one_line

FILE, CARD = "ftgate.json", "README.md"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was pushed.

    version: its number in the registry that it came from. digest: of the artifact, as the registry counts it.
    signed: sha256 of the public key that fits model.sig; "" without a signature. tags: of the version, from which the
    same model is made again (never the verdict). lineage: digests and numbers of what it was made of.
    verdict: what the gate said there, with its reason, and against whom; it counts only where an audit log has it too.
    files: name -> sha256 of what belongs to the artifact. card: sha256 of README.md.
    """

    task: str
    version: int
    digest: str
    form: str
    parent: str
    signed: str
    tags: Mapping[str, str]
    lineage: Mapping[str, str]
    verdict: Mapping[str, str]
    files: Mapping[str, str]
    card: str
    format: int = FORMAT

    def to_bytes(self) -> bytes:
        """The file."""
        return (json.dumps(asdict(self), indent=1, sort_keys=True) + "\n").encode()


def read_manifest(content: bytes, where: str) -> Manifest:
    """The file back. Raises RegistryError if no push has written it so; where: for its message."""
    try:
        found = Manifest(**json.loads(content))
        _check(found)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RegistryError(
            f"{where}: {FILE} is not what `ftgate push` writes: {one_line(str(error))[:200]}\n    push it again"
        ) from None
    return found


def _check(found: Manifest) -> None:
    texts: list[Any] = [found.task, found.digest, found.form, found.parent, found.signed, found.card]
    for mapping in (found.tags, found.lineage, found.verdict, found.files):
        texts += [text for pair in mapping.items() for text in pair]
    if any(not isinstance(text, str) for text in texts) or type(found.version) is not int or found.version < 1:
        raise ValueError("a field has another type than it should")
    if found.format != FORMAT:
        raise ValueError(f"format {found.format}, expected {FORMAT}: written by another version of pytest-ftgate")
    for name in found.files:
        if PurePosixPath(name).name != name or name.startswith(".") or "\\" in name:
            raise ValueError(f"file name {name!r} is not one in the repository's top folder")
