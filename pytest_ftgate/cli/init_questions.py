"""What cannot be guessed -> the answer of the person at the terminal; where nobody can answer, the error itself."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import say
from pytest_ftgate.files.yes_no import someone_is_there

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.starting.columns import AmbiguousError
    from pytest_ftgate.pipeline.starting.personal import Choice, PersonalError

_PII: dict[str, Choice] = {
    "redact (<PHONE> and the like in their place)": "redact",
    "drop (leave these rows out)": "drop",
    "allow (keep personal data; rows with keys are left out)": "allow",
}


def which_column(error: AmbiguousError) -> str:
    """Raises the error where nobody can answer, or nothing can be chosen."""
    from pytest_ftgate.pipeline.starting.columns import ROLE_NAMES

    if not someone_is_there() or not error.choices:
        raise error
    say(str(error).splitlines()[0])
    return _chosen(f"which column holds the {ROLE_NAMES[error.role]}?", error.choices, error)


def which_pii(error: PersonalError) -> Choice:
    """Raises the error where nobody can answer."""
    if not someone_is_there():
        raise error
    say(str(error.found))
    return _PII[_chosen("what becomes of them, in golden cases and training rows alike?", tuple(_PII), error)]


def _chosen(question: str, choices: Sequence[str], error: Exception) -> str:
    for number, choice in enumerate(choices, 1):
        say(f"  {number}  {choice}")
    while True:
        say(f"{question} [1-{len(choices)}]")
        line = sys.stdin.readline()
        if not line:
            raise error
        answer = line.strip()
        if answer in choices:
            return answer
        if answer.isdecimal() and 1 <= int(answer) <= len(choices):
            return choices[int(answer) - 1]
