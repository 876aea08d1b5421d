"""What went wrong, told to a person: what, found, expected, where, what to do.

FtgateError
+-- FileFaults          every fault of one or more files, each with its line
|   +-- GoldenError     a golden set cannot be used as written
|   +-- LockError       a golden set differs from its golden.lock
|   +-- PipelineError   a pipeline.toml cannot be used as written
|   +-- DataError       training data cannot be read as rows
+-- ServeError          a model server could not be started, or stopped answering
+-- TrainError          the fine-tune failed
+-- MetricError         a metric of nothing, or of a class without a case
+-- RegistryError       the registry refused, or holds something else than it should
|   +-- IntegrityError  what stands there is not what was recorded: changed or deleted by hand (exit code 11)
+-- LeakageError        the leakage check could not be run (a found leak is a result, not an error)
|   +-- SelfTestError   it did not find a leak that was planted to be found
+-- ProviderError       a language model cannot be asked: no key, no price, not agreed to, denied
+-- JournalError        a journal is corrupt, in use, or cannot be written
+-- RecordError         a run record cannot be found, read or written
+-- AuditError          the audit log cannot be written
+-- MissingExtra        an optional dependency is not installed
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class FtgateError(Exception):
    """Base of all errors of this package; `str()` is the whole text for the user, ready to print."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong with a file.

    path: as the user would type it. line: 1-based; 0 if the fault belongs to no line.
    message: what was found and what is allowed. fix: what to do, empty if the message says it.
    keys: of a row of training data whose shape is unknown, its keys; a file's rows of unknown shapes are told as one.
    """

    path: str
    line: int
    message: str
    fix: str = ""
    keys: str = ""

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {self.message}" + (f"\n    {self.fix}" if self.fix else "")


class FileFaults(FtgateError):  # noqa: N818 - a collection of faults
    """Faults of files, sorted by file and line, all reported at once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(map(str, self.faults)))


class GoldenError(FileFaults):
    """A golden set cannot be used as written."""


class LockError(FileFaults):
    """A golden set differs from its golden.lock."""


class PipelineError(FileFaults):
    """A pipeline.toml cannot be used as written."""


class DataError(FileFaults):
    """Training data cannot be read as rows. omitted: how many further faults there are."""

    def __init__(self, faults: Iterable[Fault], omitted: int = 0) -> None:
        super().__init__(faults)
        self.omitted = omitted
        if omitted:
            self.args = (f"{self}\nand {omitted:,} more",)


class ServeError(FtgateError):
    """A model server could not be started, or stopped answering."""


class TrainError(FtgateError):
    """The fine-tune failed."""


class MetricError(FtgateError):
    """A metric of nothing, or of a class without a case."""


class RegistryError(FtgateError):
    """The registry refused, or holds something else than it should."""


class IntegrityError(RegistryError):
    """What stands there is not what was recorded: changed or deleted by hand. A command that meets it ends with 11."""


class LeakageError(FtgateError):
    """The leakage check could not be run."""


class SelfTestError(LeakageError):
    """The leakage check did not find a leak that was planted to be found: a check that cannot fail is no check."""


class ProviderError(FtgateError):
    """A language model cannot be asked: no key, no price, a cost nobody agreed to, or the server denies it."""


class JournalError(FtgateError):
    """A journal is corrupt, used by another process, or cannot be written."""


class RecordError(FtgateError):
    """A run record cannot be found, read or written."""


class AuditError(FtgateError):
    """The audit log cannot be written, so what it should record must not be done."""


class MissingExtra(FtgateError):  # noqa: N818 - says what is missing
    """An optional dependency is not installed; says which extra brings it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra '{extra}': pip install 'pytest-ftgate[{extra}]'")
