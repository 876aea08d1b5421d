"""What `ftgate init` has decided: everything that the files are written from and the report is told from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_ftgate.pipeline.starting.answers import Answers
from pytest_ftgate.pipeline.starting.columns import Mapped
from pytest_ftgate.pipeline.starting.grading import Grading
from pytest_ftgate.pipeline.starting.parts import Parts
from pytest_ftgate.pipeline.starting.personal import Personal
from pytest_ftgate.pipeline.starting.reading import LeftOut
from pytest_ftgate.pipeline.starting.training import Training


@dataclass(frozen=True, slots=True)
class Plan:
    """task: its name. source: the data file, as it was named. read: rows that it has. system, template: of the prompt.

    max_tokens: of an answer. pii: what became of personal data, "" if there was none.
    errors: what the data checks of --train refuse, a line each; warnings: names of the checks that warn. None until the
    files are made.
    unused: columns that nothing is made of. slices: those of them that could be slices.
    """

    task: str
    source: str
    read: int
    mapped: Mapped
    left: LeftOut
    answers: Answers
    grading: Grading
    parts: Parts
    training: Training
    system: str
    template: str
    max_tokens: int
    seed: int
    pii: str
    personal: Personal
    unused: tuple[str, ...]
    slices: tuple[str, ...]
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def prompt(self) -> dict[str, Any]:
        """The table [prompt]."""
        return {key: text for key, text in (("system", self.system), ("template", self.template)) if text}
