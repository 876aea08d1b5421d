"""(settings) -> the checks of `ftgate data check`, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable

from pytest_ftgate.data.checks.answers import answers
from pytest_ftgate.data.checks.balance import Balance
from pytest_ftgate.data.checks.contradictions import Contradictions
from pytest_ftgate.data.checks.duplicates import Duplicates
from pytest_ftgate.data.checks.near import NearDuplicates
from pytest_ftgate.data.checks.pii import pii
from pytest_ftgate.data.checks.secrets import secrets
from pytest_ftgate.data.checks.short import Short
from pytest_ftgate.data.checks.size import Size
from pytest_ftgate.data.checks.truncated import Truncated
from pytest_ftgate.data.finding import Check
from pytest_ftgate.data.row import DataRow


def every_check(tokens_of: Callable[[DataRow], int] | None = None, max_length: int = 0) -> list[Check]:
    """New checks, for one pass. tokens_of: tokens of a row; without it, `truncated` is left out."""
    truncated: list[Check] = [Truncated(tokens_of, max_length)] if tokens_of else []
    compared: list[Check] = [Duplicates(), NearDuplicates(), Contradictions()]
    return [answers(), Short(), *truncated, *compared, Balance(), Size(), pii(), secrets()]
