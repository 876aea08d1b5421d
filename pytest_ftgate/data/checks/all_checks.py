"""(settings) -> the checks of `ftgate data check`, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pytest_ftgate.data.checks.answers import answers
from pytest_ftgate.data.checks.balance import Balance
from pytest_ftgate.data.checks.contradictions import Contradictions
from pytest_ftgate.data.checks.coverage import Coverage
from pytest_ftgate.data.checks.duplicates import Duplicates
from pytest_ftgate.data.checks.finding import Check
from pytest_ftgate.data.checks.format import format_of
from pytest_ftgate.data.checks.general import General
from pytest_ftgate.data.checks.keys import UnusedKeys
from pytest_ftgate.data.checks.label_counts import LabelCounts
from pytest_ftgate.data.checks.languages import Languages
from pytest_ftgate.data.checks.lengths import Lengths
from pytest_ftgate.data.checks.method import method as method_of
from pytest_ftgate.data.checks.mislabelled import Mislabelled
from pytest_ftgate.data.checks.near import NearDuplicates
from pytest_ftgate.data.checks.perplexity import Perplexity
from pytest_ftgate.data.checks.pii import pii
from pytest_ftgate.data.checks.secrets import secrets
from pytest_ftgate.data.checks.short import Short
from pytest_ftgate.data.checks.size import Size
from pytest_ftgate.data.checks.special_tokens import FindSpecial
from pytest_ftgate.data.checks.synthetic import Synthetic
from pytest_ftgate.data.checks.texts import Texts
from pytest_ftgate.data.checks.truncated import Truncated
from pytest_ftgate.data.checks.turns import turns
from pytest_ftgate.data.checks.validation import validation
from pytest_ftgate.data.readers.row import DataRow

OF_TRAINING = frozenset({"method", "size", "balance", "coverage", "general", "synthetic"})
"""Checks that mean the training rows alone; the others also look at those of validation."""
OF_VALIDATION = frozenset({"validation"})
"""Checks that mean the validation rows alone."""
FINAL = frozenset({"schema", "method", "validation"})
"""Checks of what training refuses anyway: to allow their findings would only cost the baseline."""


class Training(NamedTuple):
    """method: of [train], "" if no pipeline says it. forgetting: whether it is measured, so that general rows count."""

    method: str = ""
    forgetting: bool = False


def every_check(  # noqa: PLR0913 - one argument for each thing a caller may choose
    tokens_of: Callable[[DataRow], int] | None = None,
    max_length: int = 0,
    goldens: LabelCounts | None = None,
    *,
    training: Training = Training(),  # noqa: B008 - immutable
    perplexity: Perplexity | None = None,
    special: FindSpecial | None = None,
) -> list[Check]:
    """New checks, for one pass.

    tokens_of: tokens of a row; without it, `truncated` is left out. goldens: what rows are held against; without it,
    `format` and `coverage` are left out.
    training: what the pipeline does with the rows; without a method, `validation` is left out.
    perplexity: that check, which costs a forward pass, if it is wanted.
    special: finds the special tokens in a row; without it, `turns` does not look for them.
    """
    truncated: list[Check] = [Truncated(tokens_of, max_length)] if tokens_of else []
    compared: list[Check] = [Duplicates(), NearDuplicates(), Contradictions(), Mislabelled()]
    against: list[Check] = [format_of(goldens), Coverage(goldens)] if goldens else []
    mixture: list[Check] = [
        Balance(),
        Size(),
        Languages(),
        Lengths(),
        Synthetic(),
        General(watched=training.forgetting),
    ]
    surprise: list[Check] = [perplexity] if perplexity else []
    graded: list[Check] = [validation()] if training.method else []
    texts = Texts("error" if goldens or training.method else "warning")
    form: list[Check] = [UnusedKeys(), method_of(training.method), *graded, texts, answers(), turns(special)]
    return [*form, Short(), *truncated, *compared, *against, *mixture, *surprise, pii(), secrets()]
