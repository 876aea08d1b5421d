"""(prompt, inputs of the cases) -> those whose messages cannot be made, found within limits of time and memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pytest_ftgate.golden.case import Prompt, PromptError, later_turns, render, template_variables
from pytest_ftgate.graders.limited.parent import call_limited
from pytest_ftgate.graders.value import GraderError

SECONDS = 60.0
"""Time limit of making the messages of all cases of a set."""
MOST_CHARACTERS = 10_000_000
"""Longest user turn."""
_MOST_BYTES = 1 << 30
_ONLY_VARIABLES = re.compile(r"(?:[^{]|\{(?![{%])|\{\{[\w\s.\[\]'\"]*\}\})*")
"""A template that only puts variables into a text: it needs no more time and memory than they are long."""


def variables_of(prompt: Prompt) -> frozenset[str]:
    """Names of the variables that its template uses; none without one.

    Raises PromptError if the template is not valid Jinja2, or takes too long to compile.
    """
    if prompt.template is None:
        return frozenset()
    found: frozenset[str] = _limited(prompt, template_variables, prompt.template)
    return found


def unmade_messages(prompt: Prompt, inputs: Sequence[Any]) -> list[tuple[int, str]]:
    """(0-based number of the input, why no messages can be made of it). Raises PromptError if it takes too long."""
    found: list[tuple[int, str]] = _limited(prompt, _unmade, prompt, inputs)
    return found


def _limited(prompt: Prompt, function: Any, *arguments: Any) -> Any:
    if prompt.template is None or _ONLY_VARIABLES.fullmatch(prompt.template):
        return function(*arguments)
    try:
        return call_limited(_within_memory, function, arguments, seconds=SECONDS, what="the template")
    except GraderError as error:
        raise PromptError(str(error)) from None


def _unmade(prompt: Prompt, inputs: Sequence[Any]) -> list[tuple[int, str]]:
    return list(_problems(prompt, inputs))


def _problems(prompt: Prompt, inputs: Sequence[Any]) -> Iterator[tuple[int, str]]:
    for number, given in enumerate(inputs):
        try:
            length = max(map(len, (render(prompt, given)[-1]["content"], *later_turns(prompt, given))))
        except PromptError as error:
            yield number, str(error)
        else:
            if length > MOST_CHARACTERS:
                yield number, f"the user turn has {length:,} characters, at most {MOST_CHARACTERS:,} are allowed"


def _within_memory(function: Any, arguments: Sequence[Any]) -> Any:
    with _memory_limit():
        return function(*arguments)


@contextmanager
def _memory_limit() -> Iterator[None]:
    """1 GiB more than this process has now, where the system can limit it."""
    import psutil

    try:
        import resource
    except ImportError:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = psutil.Process().memory_info().vms + _MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
