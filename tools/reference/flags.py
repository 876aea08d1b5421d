"""`add_options` of the plugin -> the page of its flags and ini options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.plugin.options import add_options
from tools.reference.markdown import code, page, sentence, table

INTRO = (
    "Flags of `pytest`. Where an ini option is named, it sets the same in the pytest section of "
    "`pyproject.toml` or in `pytest.ini`; a flag wins over the ini option. `pytest --help` lists them "
    "too. Keys come from `FTGATE_API_KEY` or `OPENAI_API_KEY` and are never printed. Nothing is ever "
    "reported to anybody: there is no telemetry."
)


@dataclass
class Recorder:
    """Stands in for pytest's parser, and remembers what it is given."""

    flags: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    inis: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def getgroup(self, *_: str) -> Recorder:
        """The group of our options: itself."""
        return self

    def addoption(self, flag: str, **how: Any) -> None:
        """A flag."""
        self.flags[flag] = how

    def addini(self, name: str, text: str, **how: Any) -> None:
        """An ini option."""
        self.inis[name] = {"help": text, **how}


def recorded() -> Recorder:
    """All flags and ini options."""
    recorder: Any = Recorder()
    add_options(recorder)
    found: Recorder = recorder
    return found


def flags_page() -> str:
    """Flags, then the ini options that no flag sets."""
    recorder = recorded()
    rest = [name for name in recorder.inis if _flag(name) not in recorder.flags]
    alone = table(["ini option", "default", "meaning"], (_ini_row(name, recorder.inis[name]) for name in rest))
    both = table(["flag", "ini option", "meaning"], _rows(recorder))
    return page("Flags and ini options", INTRO, "## Flags", both, "## Ini options without a flag", alone)


def _rows(recorder: Recorder) -> Iterator[tuple[str, ...]]:
    for flag, how in recorder.flags.items():
        name = flag.removeprefix("--").replace("-", "_")
        shown = f"{flag} {how['metavar']}" if how.get("metavar") else flag
        yield code(shown), code(name) if name in recorder.inis else "", sentence(how["help"])


def _ini_row(name: str, how: Mapping[str, Any]) -> tuple[str, ...]:
    return code(name), code(" ".join(how["default"])), sentence(how["help"])


def _flag(ini: str) -> str:
    return "--" + ini.replace("_", "-")
