"""Text that names flags of pytest -> the same with the options of a command."""

from __future__ import annotations

import argparse
import re

_PYTEST_FLAG = re.compile(r"--ftgate-([a-z][a-z-]*[a-z])((?: [A-Z]+)?) ?(\(ini: ftgate_\w+\))?")


def in_own_options(text: str, args: argparse.Namespace) -> str:
    """A flag that the command has by a shorter name is called by that, and no key of pytest's ini file is named."""

    def own(flag: re.Match[str]) -> str:
        has = flag[1].replace("-", "_") in args
        return f"--{flag[1]}{flag[2]}{_space(flag)}" if has else flag[0]

    return _PYTEST_FLAG.sub(own, text)


def _space(flag: re.Match[str]) -> str:
    """The one after the flag, unless it led to the parenthesis that goes."""
    return " " if flag[0].endswith(" ") else ""
