"""Item -> ItemOutcome -> reports, by a protocol without capture, fixtures or reruns."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import pytest

from pytest_ftgate.errors import FtgateError, IntegrityError
from pytest_ftgate.files.escape import printable
from pytest_ftgate.files.secrets import mask
from pytest_ftgate.pipeline.unasked import SEE, NotAsked
from pytest_ftgate.plugin.report.failure_text import FailureText

if TYPE_CHECKING:
    from pytest_ftgate.plugin.session import FtgateSession

Outcome = Literal["passed", "failed", "skipped"]
Properties = tuple[tuple[str, str], ...]

SHOWN = "ftgate: question and answer"
"""Section of a report of a wrong answer that is not a failure; a failure has the same text itself."""

FRAMES = 4
"""Calls shown of an unexpected exception."""


class Rank(IntEnum):
    """The place of an item in the run of its pipeline."""

    DATA = 0
    STAGE = 1
    CASE = 2
    METRIC = 3
    GATE = 4
    PROMOTION = 5


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What an item has to say: its outcome, why, and what JUnit and other processes should know.

    text: shown for a failure (several lines) or as the reason of a skip (one line).
    reason: of a failure, for pytest's short summary; else the first line of text. Of a miss: why.
    missed: a wrong answer that the gate will weigh; listed, not red: pytest and JUnit count it as passed, since it is
    neither expected to fail nor skipped. shown: what there is to say of it, several lines.
    unmeasured: a failure that is no evidence against the model: there is no grade. distrusted: something was changed by
    hand, so that nothing can be decided. error: a failure of what the item needs, before it could begin: what pytest
    calls an error.
    """

    outcome: Outcome
    text: str = ""
    reason: str = ""
    missed: bool = False
    shown: str = ""
    unmeasured: bool = False
    distrusted: bool = False
    error: bool = False
    properties: Properties = ()


PASSED = ItemOutcome("passed")


def skipped(reason: str) -> ItemOutcome:
    """A skip with its reason."""
    return ItemOutcome("skipped", reason)


class FtgateFile(pytest.File):
    """A file whose faults are reported without a traceback."""

    @property
    def ftgate(self) -> FtgateSession:
        """The session object of this run."""
        from pytest_ftgate.plugin.session import KEY

        return self.config.stash[KEY]

    @cached_property
    def shown_path(self) -> str:
        """The path in reports: worked out once, not for each of 100,000 items."""
        return self.session._node_location_to_relpath(self.path)


class FtgateItem(pytest.Item):
    """An item of ours: it has no fixtures, and tells its outcome instead of raising."""

    rank: Rank
    order = 0
    """Place within the rank, where it matters: stages, metrics and checks keep theirs, cases may be shuffled."""
    pipeline = ""

    @classmethod
    def make(cls, parent: FtgateFile, name: str, **kwargs: Any) -> Any:
        """An item below `parent`; the full node id is given, since pytest 9.2 would lose what is in brackets."""
        item = cls.from_parent(parent, name=name, nodeid=f"{parent.nodeid}::{name}", **kwargs)
        parent.ftgate.note_made(item)
        return item

    @property
    def ftgate(self) -> FtgateSession:
        """The session object of this run."""
        from pytest_ftgate.plugin.session import KEY

        return self.config.stash[KEY]

    def outcome(self) -> ItemOutcome:
        """Do the work of this item. An `FtgateError` raised here is a failure with its text."""
        raise NotImplementedError

    def broken(self, error: BaseException) -> ItemOutcome:
        """What becomes of an item whose work raised what nobody expected: it fails, and the run goes on."""
        return ItemOutcome("failed", unexpected(self.name, error))

    def runtest(self) -> None:
        """For plugins that run items by themselves; our own protocol calls `outcome`."""
        told = _printable(_told(self))
        if told.outcome == "failed":
            pytest.fail(told.text, pytrace=False)
        if told.outcome == "skipped":
            pytest.skip(told.text)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where the item comes from: its file, no line, its name."""
        return self.path, None, self.name

    @property
    def place(self) -> tuple[str, int]:
        """The file, and the 1-based line in it, that a failure is about; line 0 is the file as a whole."""
        return str(self.path), 0

    @cached_property
    def reported_keywords(self) -> Mapping[str, Literal[1]]:
        """What its reports, which pytest keeps to the end of the run, hold as keywords: one object for all of them."""
        return {self.name: 1}

    @cached_property
    def location(self) -> tuple[str, None, str]:
        """As pytest makes it of `reportinfo`."""
        return cast("FtgateFile", self.parent).shown_path, None, self.name


ASKING = frozenset({"case", "response", "grade", "judge", "metrics", "training_run", "vllm_server"})
"""Fixtures of ours that ask, or train, a model."""


def asks_a_model(item: pytest.Item) -> bool:
    """True for our items and for tests that use a fixture of ours which asks, or trains, a model."""
    return isinstance(item, FtgateItem) or not ASKING.isdisjoint(getattr(item, "fixturenames", ()))


def touches_us(items: Iterable[pytest.Item]) -> bool:
    """True if any item asks a model; runs without one are left alone."""
    return any(map(asks_a_model, items))


def run_item(item: FtgateItem) -> None:
    """The lean protocol: logstart, call and teardown reports, logfinish. JUnit reads properties from the teardown."""
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    start = time.time()
    told = _printable(_told(item))
    stop = time.time()
    hook.pytest_runtest_logreport(report=_report(item, "setup" if told.error else "call", told, start, stop))
    done = ItemOutcome("passed", properties=told.properties)
    hook.pytest_runtest_logreport(report=_report(item, "teardown", done, stop, stop))
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def _told(item: FtgateItem) -> ItemOutcome:
    """The one place where an exception of an item becomes its outcome. Ctrl-C and `pytest.exit` end the run."""
    try:
        return item.outcome()
    except NotAsked as error:
        text = item.ftgate.evaluations.unasked.text(error, item.nodeid)
        return ItemOutcome("failed", text, distrusted=isinstance(error.__cause__, IntegrityError), error=True)
    except IntegrityError as error:
        return ItemOutcome("failed", f"INTEGRITY: {error}", distrusted=True)
    except FtgateError as error:
        return ItemOutcome("failed", str(error))
    except (KeyboardInterrupt, pytest.exit.Exception):
        raise
    except BaseException as error:  # noqa: BLE001 - user code may raise SystemExit, or skip like a test
        return item.broken(error)


def unexpected(name: str, error: BaseException) -> str:
    """A text for an exception that nobody expected: what it was, and the innermost calls, for a report of the bug."""
    frames = traceback.format_list(traceback.extract_tb(error.__traceback__)[-FRAMES:])
    told = "".join(traceback.format_exception_only(error)).strip()
    calls = "".join(frames).rstrip()
    return f"{name}: unexpected {told}\n  in (innermost last):\n{calls}\n  the other tests of this run went on"


def _printable(told: ItemOutcome) -> ItemOutcome:
    """What reaches terminals, logs and files of the run: no secrets, nothing that steers a terminal or a CI job."""
    properties = tuple((name, mask(value)) for name, value in told.properties)
    text, reason, shown = map(printable, (told.text, told.reason, told.shown))
    return replace(told, text=text, reason=reason, shown=shown, properties=properties)


def _report(
    item: FtgateItem, when: Literal["setup", "call", "teardown"], told: ItemOutcome, start: float, stop: float
) -> pytest.TestReport:
    report = pytest.TestReport(
        nodeid=getattr(item, "id", item.nodeid),  # since pytest 9.2 a parsed id, which both reports then share
        location=item.location,
        keywords=item.reported_keywords,
        outcome=told.outcome,
        longrepr=_longrepr(item, told),
        when=when,
        duration=stop - start,
        start=start,
        stop=stop,
        user_properties=told.properties,
        sections=[(SHOWN, told.shown)] if told.shown else (),
    )
    report.ftgate_rank = item.rank.name  # type: ignore[attr-defined]  # reports carry extra attributes
    if told.outcome == "failed" or told.missed:
        report.ftgate_place = item.place  # type: ignore[attr-defined]  # likewise
    if told.reason:
        report.ftgate_reason = told.reason  # type: ignore[attr-defined]  # likewise
    if told.unmeasured:
        report.ftgate_unmeasured = True  # type: ignore[attr-defined]  # likewise
    if told.distrusted:
        report.ftgate_distrusted = True  # type: ignore[attr-defined]  # likewise
    if told.error and told.text.startswith(SEE):
        report.ftgate_not_asked = True  # type: ignore[attr-defined]  # likewise
    if told.missed:
        report.ftgate_missed = True  # type: ignore[attr-defined]
    return report


def _longrepr(item: FtgateItem, told: ItemOutcome) -> Any:
    if told.outcome == "failed":
        path, line = item.place
        return FailureText(path, told.text, told.reason, line)
    if told.outcome == "skipped":
        return (str(item.path), 0, f"Skipped: {told.text}")
    return None
