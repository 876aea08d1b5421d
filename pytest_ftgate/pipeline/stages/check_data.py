"""(pipeline, prompt) -> what the checks of its data find, in one pass over the rows that it would train on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import DataError, Fault, FtgateError, PipelineError
from pytest_ftgate.files.dvc import check_tracked
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.case import Message, Prompt, render
from pytest_ftgate.pipeline.data_access import record_access

if TYPE_CHECKING:
    from pytest_ftgate.data.checks.finding import Check, Outcome
    from pytest_ftgate.data.checks.label_counts import LabelCounts
    from pytest_ftgate.data.checks.perplexity import Losses, Perplexity
    from pytest_ftgate.data.checks.special_tokens import FindSpecial
    from pytest_ftgate.data.readers.row import DataRow
    from pytest_ftgate.pipeline.config import Pipeline

SHOWN = 10
"""Findings of a check that are named with file and line."""

MENDED = frozenset({"pii", "secrets"})
"""Checks whose findings `data.pii` can mend."""

SCHEMA, PERPLEXITY = "schema", "perplexity"
OF_TOKENIZER = frozenset({"truncated", "turns"})
AGAINST_GOLDENS = frozenset({"format", "coverage"})


@dataclass
class DataChecks:
    """The checks of one pipeline's data; `look` is the pass, `outcome` what a check found in it.

    prompt: of the first golden set, as the rows are trained with it; raises FtgateError if it cannot be had.
    goldens: counts of the golden sets that gate it, never a case of them; raises FtgateError likewise.
    rows: that could be read. uncounted: why rows were not held against max_length, "" if they were. unheld: why they
    were not held against the golden sets.
    """

    pipeline: Pipeline
    prompt: Callable[[], Prompt]
    goldens: Callable[[], LabelCounts]
    state_dir: Path
    rows: int = 0
    uncounted: str = ""
    unheld: str = ""
    failed: bool = False
    _outcomes: dict[str, Outcome] = field(default_factory=dict)
    _judged: tuple[DataRow | None, bool] = (None, True)

    def names(self) -> tuple[str, ...]:
        """All checks in their order. Raises PipelineError if `data.allow` names one that there is not."""
        from pytest_ftgate.data.checks.all_checks import FINAL
        from pytest_ftgate.data.checks.label_counts import LabelCounts

        names = tuple(
            check.name for check in self._checks(lambda _row: 0, LabelCounts(), self._perplexity(self._losses))
        )
        allowed = [name for name in names if name not in FINAL]
        unknown = [name for name in self.pipeline.data.allow if name not in allowed]
        if unknown:
            final = FINAL.issuperset(unknown)
            what = "training refuses what is found by the" if final else "unknown"
            message = f"data.allow: {what} check {', '.join(map(repr, unknown))}"
            line = self.pipeline.line_of("data", "allow")
            raise PipelineError([Fault(shown(self.pipeline.path), line, message, f"allowed: {', '.join(allowed)}")])
        return (SCHEMA, *names)

    def look(self, wanted: Collection[str]) -> None:
        """Run the checks `wanted`, once; told in the audit log. Raises FtgateError if the data cannot be read."""
        if self._outcomes:
            return
        from pytest_ftgate.data.checks.run import inspect

        record_access(self.state_dir, self.pipeline, "data checks")
        tokens_of, special = (None, None) if OF_TOKENIZER.isdisjoint(wanted) else self._of_tokenizer()
        marginals = None if AGAINST_GOLDENS.isdisjoint(wanted) else self._marginals()
        check_tracked(self.pipeline.data_files)
        surprise = self._perplexity(self._losses) if PERPLEXITY in wanted else None
        checks = [check for check in self._checks(tokens_of, marginals, surprise, special) if check.name in wanted]
        mended = MENDED if self.pipeline.data.pii != "error" else frozenset()
        inspection = inspect(self._entries(), self._apart(checks), mended.union(self.pipeline.data.allow), SHOWN)
        self.rows = inspection.rows
        self._outcomes = {outcome.name: self._mended(outcome) for outcome in inspection.outcomes}

    def outcome(self, name: str) -> Outcome | None:
        """What a check found; None if it was not run."""
        return self._outcomes.get(name)

    def why_not(self, name: str) -> str:
        """Why a check was not run, in one line."""
        if not self.rows:
            return "no row could be read"
        if name in AGAINST_GOLDENS:
            return f"golden sets not checked: {' '.join(self.unheld.split())}"
        return f"tokens not counted: {'; '.join(line.strip() for line in self.uncounted.splitlines())}"

    def _checks(
        self,
        tokens_of: Callable[[DataRow], int] | None,
        goldens: LabelCounts | None,
        perplexity: Perplexity | None,
        special: FindSpecial | None = None,
    ) -> list[Check]:
        from pytest_ftgate.data.checks.all_checks import Training, every_check

        tuning, forgetting = self.pipeline.tuning, self.pipeline.policy.forgetting is not None
        training = Training(tuning.method, forgetting)
        longest = tuning.max_length
        return every_check(tokens_of, longest, goldens, training=training, perplexity=perplexity, special=special)

    def _perplexity(self, losses: Losses) -> Perplexity | None:
        """The check, if `data.perplexity` says of how many rows."""
        from pytest_ftgate.data.checks.perplexity import Perplexity

        most = self.pipeline.data.perplexity
        return Perplexity(losses, most, self.pipeline.seed) if most else None

    def _losses(self, rows: Sequence[DataRow]) -> list[float]:
        """Of the base model, for rows as they would be trained. Raises FtgateError."""
        from pytest_ftgate.train.perplexity import losses_in

        model, prompt = Path(self.pipeline.base_model.base), self.prompt()
        longest, dtype = self.pipeline.tuning.max_length, self.pipeline.dtype
        return losses_in(model, dtype, longest, lambda row: _asked(prompt, row), self.pipeline.chat)(rows)

    def _marginals(self) -> LabelCounts | None:
        try:
            return self.goldens()
        except FtgateError as error:
            self.unheld = str(error)
            return None

    def _entries(self) -> Iterator[DataRow | Fault]:
        """The rows, then a fault for each of `[data.columns]` that none of them has."""
        from pytest_ftgate.data.readers.unseen import with_unseen

        where = f"{shown(self.pipeline.path)}: [data.columns]"
        return with_unseen(self._rows(), self.pipeline.data.columns, where)

    def _rows(self) -> Iterator[DataRow | Fault]:
        """Training rows, as many as are trained, then validation rows."""
        from pytest_ftgate.data.readers.reader import read_entries

        *trains, validation = self.pipeline.data_files
        kept, most, columns = 0, self.pipeline.data.max_rows, self.pipeline.data.columns
        for entry in (entry for train in trains for entry in read_entries(train, columns)):
            yield entry
            kept += isinstance(entry, Fault) or self._stays(entry)
            if kept == most and not self.pipeline.data.is_mixed:  # of a mix any row may be among the first
                break
        yield from read_entries(validation, columns)

    def _stays(self, row: DataRow) -> bool:
        """Whether `pii` leaves the row in the data; several checks ask it of one row after the other."""
        if self.pipeline.data.pii != "drop":
            return True
        from pytest_ftgate.data.pii.redact import redacted

        if self._judged[0] is not row:
            self._judged = row, redacted(row) == row
        return self._judged[1]

    def _mended(self, outcome: Outcome) -> Outcome:
        """The outcome, with what the run does about it by itself."""
        does = {"redact": "redacted for training", "drop": "dropped for training"}
        told = does.get(self.pipeline.data.pii)
        return replace(outcome, advice=f"{told} ([data] pii)") if told and outcome.name in MENDED else outcome

    def _apart(self, checks: Sequence[Check]) -> list[Check]:
        from pytest_ftgate.data.checks.all_checks import OF_TRAINING, OF_VALIDATION
        from pytest_ftgate.data.checks.filtered import Only

        *trains, validation = map(shown, self.pipeline.data_files)

        def is_trained(row: DataRow) -> bool:
            return row.path in trains and self._stays(row)

        def is_graded(row: DataRow) -> bool:
            return row.path == validation

        means = dict.fromkeys(OF_TRAINING, is_trained) | dict.fromkeys(OF_VALIDATION, is_graded)
        return [Only(check, means[check.name]) if check.name in means else check for check in checks]

    def _of_tokenizer(self) -> tuple[Callable[[DataRow], int] | None, FindSpecial | None]:
        """Tokens of a row as it would be trained, and the special ones in its text.

        None, and why in `uncounted`, where the base model's tokenizer is not here.
        """
        from pytest_ftgate.data.checks.special_tokens import special_in
        from pytest_ftgate.data.checks.tokens import tokenizer_in, tokens_in

        model = Path(self.pipeline.base.model)
        if not model.is_absolute():
            self.uncounted = f"base.model is a hub id ({model}); needs a local model folder"
            return None, None
        try:
            prompt = self.prompt()
            tokenizer = tokenizer_in(model, "counting tokens", self.pipeline.chat)
        except FtgateError as error:
            self.uncounted = str(error)
            return None, None
        return tokens_in(tokenizer, lambda row: _asked(prompt, row)), special_in(tokenizer)


def _asked(prompt: Prompt, row: DataRow) -> Sequence[Message]:
    """The turns as they are trained. Raises DataError if the prompt cannot be made of the row."""
    try:
        return render(prompt, row.input)
    except FtgateError as error:
        raise DataError([Fault(row.path, row.line, str(error))]) from None
