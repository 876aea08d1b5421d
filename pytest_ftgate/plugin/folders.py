"""An ini option that lists folders -> their paths."""

from __future__ import annotations

from pathlib import Path

import pytest


def folders_of(config: pytest.Config, name: str) -> tuple[Path, ...]:
    """The folders of an ini option: relative to the rootdir, and to where pytest was called: in a monorepo another."""
    here = config.invocation_params.dir
    folders = [config.rootpath / part for part in config.getini(name)]
    folders += [here / part for part in config.getini(name) if (here / part).is_dir()]
    return tuple(dict.fromkeys(folders))
