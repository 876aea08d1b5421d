"""Installed packages -> a pytest plugin called `ftgate` that is not ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions

NAME = "ftgate"
"""The other package's plugin, by its entry point: PyPI has an `ftgate` that is not ours, with our options."""
OUR_NAME = "pytest_ftgate"
"""Ours. pytest skips the second entry point of one name without a word, so ours is not called NAME."""
GROUP = "pytest11"


@dataclass(frozen=True, slots=True)
class Foreign:
    """Another package's plugin. module: what pytest would import. folder: where the package was found."""

    package: str
    version: str
    module: str
    folder: str

    def __str__(self) -> str:
        return (
            f"found {self.package} {self.version} (module {self.module}, in {self.folder}): another "
            f"pytest plugin named {NAME}, which conflicts with pytest-ftgate\n"
            f"    Both define --ftgate-... options (PyPI's package {NAME}: --ftgate-model) and a command `{NAME}`;\n"
            "    disable one of them:\n"
            f"    - not needed: pip uninstall {self.package}\n"
            f"    - this project uses pytest-ftgate: -p no:{NAME}, or addopts = -p no:{NAME}\n"
            f"    - this project uses {self.package}: -p no:{OUR_NAME}, or addopts = -p no:{OUR_NAME}\n"
            f"    The command is also available as: python -m {OUR_NAME}"
        )


def installed() -> Foreign | None:
    """The first one on `sys.path`, None if nobody else uses the name.

    Only the entry points that mention it are parsed: 2 to 3 ms for 280 packages, half of what parsing them all takes.
    """
    for found in distributions():
        if NAME in (found.read_text("entry_points.txt") or ""):
            for entry in found.entry_points:
                if (entry.group, entry.name) == (GROUP, NAME) and not _is_ours(found):
                    return Foreign(_name(found), found.version, entry.value, str(found.locate_file("")))
    return None


def _name(found: Distribution) -> str:
    return str(found.metadata["Name"])


def _is_ours(found: Distribution) -> bool:
    """True for pytest-ftgate, also for an installation from before its entry point was renamed."""
    return re.sub(r"[-_.]+", "_", _name(found)).lower() == OUR_NAME
