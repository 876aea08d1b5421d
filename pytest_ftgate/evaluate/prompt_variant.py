"""(Suite, Column) -> the suite as it is asked in one column: with its label, and the prompt of its variant."""

from __future__ import annotations

from dataclasses import replace

from pytest_ftgate.errors import GoldenError
from pytest_ftgate.evaluate.column import Column
from pytest_ftgate.evaluate.suite import Suite, digests_of, prompt_faults
from pytest_ftgate.golden.case import Prompt


def in_column(suite: Suite, column: Column) -> Suite:
    """The same cases and graders; digests of the prompt that is asked. The set's lock, which holds its own prompt, is
    not looked at. Raises GoldenError for cases that the variant's template cannot ask.
    """
    if not column.variant:
        return replace(suite, column=column)
    prompt = Prompt.from_json(suite.golden.variants[column.variant])
    asked = replace(suite, column=column, prompt=prompt)
    if faults := list(prompt_faults(suite.golden, suite.cases, prompt, asked.prompt_keys)):
        raise GoldenError(faults)
    settings, digest = digests_of(suite.golden, suite.cases, prompt, suite.code)
    return replace(asked, settings_digest=settings, digest=digest)


def all_prompts(suite: Suite) -> list[Suite]:
    """The suite, and the same with each variant of its prompt. Raises GoldenError, see `in_column`."""
    return [suite, *(in_column(suite, Column(name, variant=name)) for name in suite.golden.variants)]
