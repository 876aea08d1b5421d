"""Every pytest hook of the plugin, each handing over to the module that does the work."""

from __future__ import annotations

import sys
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate.errors import FtgateError, IntegrityError
from pytest_ftgate.files.escape import printable
from pytest_ftgate.gate.exit_code import EXIT_CODES, Kind
from pytest_ftgate.plugin.collecting import name_sets_by_file
from pytest_ftgate.plugin.fixtures import case, grade, leakage, metrics, response, training_run, vllm_server
from pytest_ftgate.plugin.judge_fixture import judge
from pytest_ftgate.plugin.last_failed import LastFailed
from pytest_ftgate.plugin.name_clash import load_once, refuse_clash
from pytest_ftgate.plugin.options import add_options, read_options
from pytest_ftgate.plugin.session import KEY, FtgateSession

if TYPE_CHECKING:
    from pytest_ftgate.plugin.items.base import FtgateFile

__all__ = ["case", "grade", "judge", "leakage", "metrics", "response", "training_run", "vllm_server"]


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Our flags and ini options, unless another package's plugin `ftgate` would register some of them too."""
    load_once(pluginmanager, sys.modules[__name__])
    refuse_clash(pluginmanager)
    add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Our own hooks."""
    from pytest_ftgate.plugin import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the options, add the pipelines that --train asks for, before xdist and others look at the arguments."""
    config.addinivalue_line("markers", "golden(name): run the test once for each case of a golden set")
    config.addinivalue_line("markers", "slice(**values): slices of a golden case, for -m \"slice(lang='en')\"")
    try:
        session = FtgateSession(config, read_options(config))
    except IntegrityError as error:
        pytest.exit(printable(f"INTEGRITY: {error}"), returncode=EXIT_CODES[Kind.INTEGRITY])
    except FtgateError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[KEY] = session
    name_sets_by_file(config)
    config.add_cleanup(session.freeze.restore)
    config.pluginmanager.register(session.reports, "ftgate-tally")
    config.pluginmanager.register(LastFailed(config), "ftgate-last-failed")
    if "slice" in str(config.option.markexpr):
        from pytest_ftgate.plugin.slice_names import SliceNames

        config.pluginmanager.register(SliceNames(), "ftgate-slice-names")
    if session.options.train:
        from pytest_ftgate.plugin.train_arguments import prepare

        prepare(config, session)
    elif session.options.canary:
        from pytest_ftgate.plugin.train_arguments import prepare_canary

        prepare_canary(config, session)
    elif config.getoption("dist", "no") != "no" and config.getoption("tx", None) and session.catalogue.golden_paths:
        from pytest_ftgate.plugin.xdist import Controller

        config.pluginmanager.register(Controller(), "ftgate-controller")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """What the user should know about this run before it starts; usually nothing."""
    return list(map(printable, config.stash[KEY].notes))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop whatever is still running, on every way out."""
    if session := config.stash.get(KEY, None):
        session.close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> FtgateFile | None:
    """Golden sets below `ftgate_goldens` or named on the command line; pipelines that are trained or named."""
    from pytest_ftgate.plugin.collecting import collector_of

    return collector_of(file_path, parent, parent.config.stash[KEY])


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Remember the golden files that are ours, also those that --lf will skip."""
    from pytest_ftgate.golden.paths import is_golden

    if isinstance(collector, pytest.File) and is_golden(collector.path):
        from pytest_ftgate.plugin.items.golden import GoldenFile

        if isinstance(collector, GoldenFile):
            collector.ftgate.collected.add(collector.path.resolve())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`@pytest.mark.golden("sms_spam")` with the fixture `case`: one test for each case, and each column of the run.

    With the fixture `metrics` alone one test for each column, if there are several.
    """
    name = next((name for name in ("case", "metrics") if name in metafunc.fixturenames), "")
    if not name or metafunc.definition.get_closest_marker("golden") is None:
        return
    from pytest_ftgate.plugin.fixtures import Asked, columns_of

    try:
        columns = columns_of(metafunc.definition)
    except FtgateError as error:
        raise pytest.Collector.CollectError(printable(str(error))) from None
    if name == "case":
        asked = [Asked(suite, case) for suite in columns for case in suite.cases]
    else:
        asked = [Asked(suite) for suite in columns if suite.column]
    if asked or name == "case":
        metafunc.parametrize(name, asked, ids=map(str, asked), indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """A case that was named and is not there: pytest says so, and we which one was probably meant."""
    try:
        return (yield)
    except pytest.UsageError as error:
        from pytest_ftgate.plugin.items.not_found import why_not_found

        hints = why_not_found(session.config, session.config.stash[KEY])
        raise pytest.UsageError(*error.args, *([hints] if hints else [])) from None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Put the items in the order of a run, after every plugin that shuffles or sorts them."""
    from pytest_ftgate.plugin.items.base import asks_a_model, touches_us
    from pytest_ftgate.plugin.items.named import check_named

    ftgate = session.config.stash[KEY]
    if not (session.testsfailed or ftgate.options.canary):
        check_named(session.config, ftgate)
    deciding = ftgate.options.train or ftgate.options.canary
    if not (deciding or touches_us(session.items)):
        return
    from pytest_ftgate.plugin.against import note_undecided
    from pytest_ftgate.plugin.ordering import check, note_gates, sort_items

    sort_items(session.items, ftgate)
    if not session.config.option.collectonly:
        note_gates(session.items, ftgate)
        note_undecided(session.items, ftgate)
    if not session.testsfailed:
        check(session.items, ftgate)
    folder = getattr(session.config, "workerinput", {}).get("ftgate_folder")
    if folder:
        from pytest_ftgate.plugin.xdist import write_ids

        write_ids(folder, (item.nodeid for item in session.items if asks_a_model(item)))


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """What the selected golden sets can see, and how long a training will take."""
    from pytest_ftgate.plugin.items.base import touches_us

    if not touches_us(items):
        return []
    from pytest_ftgate.plugin.ordering import sets_of

    ftgate = config.stash[KEY]
    resolution, verbosity = ftgate.golden_sets.resolution, config.get_verbosity()
    seen = [
        f"ftgate: {suite.name}: {resolution(suite, ftgate.options.state_dir, details=verbosity > 0)}"
        for suite in (sets_of(items) if verbosity >= 0 else ())
    ]
    return seen if config.option.collectonly else [*seen, *ftgate.training.forecasts()]


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Plan the selected cases before the first item runs; close everything on every way out."""
    from pytest_ftgate.plugin.items.base import touches_us

    stopped = session.testsfailed and not session.config.option.continue_on_collection_errors
    if stopped or session.config.option.collectonly or not touches_us(session.items):
        return (yield)
    from pytest_ftgate.plugin.planning import plan, plan_on_worker

    ftgate = session.config.stash[KEY]
    try:
        with ftgate.freeze.frozen():
            if hasattr(session.config, "workerinput"):
                ftgate.evaluations.plan_later = partial(plan_on_worker, ftgate, session.items)
            else:
                plan(ftgate, session.items)
            return (yield)
    finally:
        ftgate.close()
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["ftgate"] = ftgate.reports.travelling()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Latencies and counts of the run into the JUnit file, before it is written; then, when no other plugin can change
    its mind any more, the exit code, and the summary for a CI job.
    """
    ftgate = session.config.stash[KEY]
    reports = ftgate.reports
    if not reports.decides or session.config.option.collectonly:
        try:
            return (yield)
        finally:
            _nothing_tested(session, ftgate)
    reports.into_junit(session.config)
    try:
        return (yield)
    finally:
        if not hasattr(session.config, "workerinput"):
            from pytest_ftgate.plugin.report.written import write_reports

            session.exitstatus = reports.exit_code(int(session.exitstatus), session.testsfailed)
            write_reports(ftgate, int(session.exitstatus))


_LOOKS = ("collectonly", "showfixtures", "show_fixtures_per_test", "cacheshow")
"""Options of pytest that run no test."""


def _nothing_tested(session: pytest.Session, ftgate: FtgateSession) -> None:
    """No item of ours ran. Where other tests alone ran there was nothing of ours to report, and old reports stay."""
    config, ran = session.config, session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    looks = any(getattr(config.option, name, None) for name in _LOOKS)
    if looks or hasattr(config, "workerinput") or (ran and not ftgate.collected):
        return
    from pytest_ftgate.plugin.report.written import remove_old_reports

    remove_old_reports(ftgate)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Metrics, checks, misses and verdicts; nothing in a run that tested no model."""
    tally = config.stash[KEY].reports
    if not tally.speaks:
        return
    from pytest_ftgate.plugin.report.end import end_lines

    found = list(end_lines(tally, config.get_verbosity()))
    if found:
        terminalreporter.write_sep("=", "pytest-ftgate")
    for text, colour in found:
        terminalreporter.write_line(printable(text), **({colour: True} if colour else {}))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Our items run a lean protocol; all others run pytest's."""
    from pytest_ftgate.plugin.items.base import FtgateItem, run_item

    if not isinstance(item, FtgateItem):
        return None
    run_item(item)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """A miss has a status of its own; so has a case whose model could not be asked, for the reason of the one before.

    Else the one reason would be followed by pages of the same error.
    """
    if getattr(report, "ftgate_not_asked", False):
        return "unasked", "E", ("UNASKED", {"red": True})
    if getattr(report, "ftgate_missed", False):
        return "missed", "m", ("MISSED", {"yellow": True})
    return None
