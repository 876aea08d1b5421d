"""[train] accelerate_config of a pipeline.toml -> its faults, each with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, TrainError
from pytest_ftgate.files.schema import toml_line
from pytest_ftgate.files.text import shown
from pytest_ftgate.train.method_problems import configuration_problems
from pytest_ftgate.train.strategies.check import ConfigurationError, read_configuration

MAKE_CONFIGURATION = "make it by: accelerate config --config_file FILE; or use gpus, nodes and strategy"


def accelerate_faults(data: dict[str, Any], text: str, path: Path, own: Path) -> Iterator[Fault]:
    """data: of the pipeline.toml, whose text and path these are. own: the file that it names."""
    try:
        written = read_configuration(own)
        for keys, message, fix in configuration_problems(data, written):
            yield Fault(shown(path), toml_line(text, keys), message, fix)
    except TrainError as error:
        line = _line_of(error.key, own) if isinstance(error, ConfigurationError) else 0
        message = f"train.accelerate_config: {shown(own)}{f':{line}' if line else ''} {error}"
        yield Fault(shown(path), toml_line(text, ("train", "accelerate_config")), message, MAKE_CONFIGURATION)


def _line_of(key: str, own: Path) -> int:
    """Of the file that has been read, where the key stands for the first time; 0 for no key."""
    written = re.compile(rf"""(^|[\s{{,])["']?{re.escape(key)}["']?\s*:""")
    lines = enumerate(own.read_text("utf-8").splitlines(), 1)
    return next((number for number, line in lines if written.search(line)), 0) if key else 0
