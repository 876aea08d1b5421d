"""Beside PyPI's other package `ftgate`: a stand-in of it and we are installed into a fresh environment, in both orders."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from pytest_ftgate.cli.other_ftgate import Foreign, installed
from tests.fresh_environment import ROOT, Environment

ORDERS = ["ours first", "theirs first"]


@pytest.fixture(scope="module", params=ORDERS)
def both(request, tmp_path_factory) -> Environment:
    made = Environment(tmp_path_factory.mktemp("both") / "env")
    return with_both(made, ours_first=request.param == ORDERS[0])


@pytest.fixture(scope="module")
def theirs_first(tmp_path_factory) -> Environment:
    return with_both(Environment(tmp_path_factory.mktemp("theirs") / "env"), ours_first=False)


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Environment:
    made = Environment(tmp_path_factory.mktemp("alone") / "env")
    made.install_ours(made.first)
    return made


def with_both(made: Environment, *, ours_first: bool) -> Environment:
    """Each order of loading; the command is that of whoever was installed last."""
    if ours_first:
        made.install_ours(made.first)
        made.install_other(made.second)
    else:
        made.install_other(made.first)
        made.install_ours(made.second)
    return made


@pytest.fixture
def shop(project, answering):
    """One golden case, one test of the user, a server that answers."""
    answering()
    project.single("tiny", {"id": "a1", "input": "text", "expected": "text"})
    project.write("test_mine.py", "def test_mine():\n    pass\n")
    return project


@pytest.fixture
def served(shop) -> list[str]:
    return ["--ftgate-base-url", shop.server.base_url, "--ftgate-model", "mock"]


def stopped(done: subprocess.CompletedProcess[str]) -> bool:
    """True for the one message, which is all that is printed."""
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert "INTERNALERROR" not in said, said
    return done.returncode == 4 and said.startswith("ERROR: found ftgate 0.1.3 (module ftgate.pytest_plugin, in ")


def test_the_run_stops_and_says_what_to_do(both, shop):
    done = both.run(shop.path, "pytest")
    assert stopped(done), (done.returncode, done.stdout, done.stderr)
    assert not done.stdout
    for wanted in ("--ftgate-model", "a command `ftgate`", "pip uninstall ftgate", "addopts = -p no:ftgate"):
        assert wanted in done.stderr
    assert "addopts = -p no:pytest_ftgate" in done.stderr
    assert "python -m pytest_ftgate" in done.stderr


def test_without_theirs_golden_cases_are_collected_and_run(both, shop, served):
    done = both.run(shop.path, "pytest", "-p", "no:ftgate", *served)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "2 passed" in done.stdout
    assert "goldens/tiny.golden.jsonl" in done.stdout


def test_without_ours_theirs_runs(both, shop):
    shop.write(
        "test_theirs.py", "def test_theirs(other, request):\n    assert request.config.getoption('ftgate_dataset')\n"
    )
    done = both.run(shop.path, "pytest", "-p", "no:pytest_ftgate", "--ftgate-dataset", "rows.jsonl")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "2 passed" in done.stdout
    assert "golden" not in done.stdout


def test_both_may_be_left_out(theirs_first, shop):
    done = theirs_first.run(shop.path, "pytest", "-p", "no:ftgate", "-p", "no:pytest_ftgate", "--collect-only", "-q")
    assert done.returncode == 0
    assert "test_mine.py::test_mine\n" in done.stdout
    assert "golden" not in done.stdout


CASE = """\
import pytest


@pytest.mark.golden("tiny")
def test_case(case, response, request):
    assert response.text == "text"
    assert request.config.getoption("ftgate_model") == ["mock"]
"""


def test_left_out_in_addopts_and_in_workers_of_xdist(both, shop, served):
    shop.pytester.makeini("[pytest]\naddopts = -p no:ftgate\n")
    shop.write("test_case.py", CASE)
    done = both.run(shop.path, "pytest", "-n", "1", *served)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "3 passed" in done.stdout


def test_plugins_that_are_not_loaded_by_themselves(both, shop):
    off = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ours = ["pytest", "-p", "pytest_ftgate.plugin.hooks", "--collect-only", "-q"]
    assert "goldens/tiny.golden.jsonl::a1\n" in both.run(shop.path, *ours, **off).stdout
    assert stopped(both.run(shop.path, *ours, "-p", "ftgate", **off))
    assert stopped(both.run(shop.path, *ours, PYTEST_PLUGINS="ftgate", **off))


@pytest.mark.parametrize(
    "given", [[], ["-p", "no:ftgate"], ["-p", "pytest_ftgate.plugin.hooks"], ["-p", "pytest_ftgate"]]
)
def test_where_nobody_else_has_the_name(alone, shop, given):
    done = alone.run(shop.path, "pytest", *given, "--collect-only", "-q")
    assert "goldens/tiny.golden.jsonl::a1\n" in done.stdout, (done.stdout, done.stderr)
    assert "another package" not in done.stdout + done.stderr


def test_left_out_by_its_name(alone, shop):
    done = alone.run(shop.path, "pytest", "-p", "no:pytest_ftgate", "--collect-only", "-q")
    assert done.returncode == 0
    assert "test_mine.py::test_mine\n" in done.stdout
    assert "golden" not in done.stdout


def test_the_name_that_pyproject_declares():
    points = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["pytest11"]
    assert points["pytest_ftgate"] == "pytest_ftgate.plugin.hooks"
    assert "ftgate" not in points


def test_our_command_where_theirs_was_installed_last(shop, tmp_path):
    environment = with_both(Environment(tmp_path / "env"), ours_first=True)
    assert environment.run(shop.path, "ftgate", "--version").stdout == "the other command\n"
    done = environment.run(shop.path, "python", "-m", "pytest_ftgate", "lock", "goldens/tiny.golden.jsonl")
    assert done.returncode == 0, done.stderr
    assert (shop.path / "goldens/tiny.golden.lock").is_file()
    told = environment.run(shop.path, "python", "-m", "pytest_ftgate", "--version").stdout
    assert told.startswith("pytest-ftgate 0.")
    assert "found ftgate 0.1.3" in told
    usage = environment.run(shop.path, "python", "-m", "pytest_ftgate", "lock", "--help").stdout
    assert usage.startswith("usage: python -m pytest_ftgate lock ")


def test_the_command_says_nothing_of_others_where_there_are_none(alone, tmp_path):
    done = alone.run(tmp_path, "ftgate", "--version")
    assert (done.stdout, done.stderr) == ("pytest-ftgate 0.1.0\n", "")


# --- installed packages -----------------------------------------------------------------------------------------------


def package(folder: Path, name: str, points: str) -> None:
    info = folder / f"{name}-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text(points)


@pytest.fixture
def only_path(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    return tmp_path


def test_any_package_may_have_a_plugin_of_that_name(only_path):
    package(only_path, "acme_tools", "[console_scripts]\nftgate = acme:main\n\n[pytest11]\nftgate = acme.plugin\n")
    assert installed() == Foreign("acme_tools", "2.0", "acme.plugin", str(only_path))


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("pytest_ftgate", "[pytest11]\nftgate = pytest_ftgate.plugin.hooks\n"),
        ("acme_tools", "[console_scripts]\nftgate = acme:main\n"),
        ("acme_tools", "[pytest11]\nacme_ftgate = acme.plugin\n"),
    ],
    ids=["we, installed before the entry point was renamed", "a command alone", "a plugin of another name"],
)
def test_packages_that_are_no_reason_to_stop(only_path, name, points):
    package(only_path, name, points)
    assert installed() is None


def test_an_option_that_another_plugin_took(shop, alone):
    shop.write("greedy.py", "def pytest_addoption(parser):\n    parser.addoption('--train')\n")
    done = alone.run(shop.path, "pytest", "-p", "greedy")
    assert done.returncode == 4
    assert done.stderr.startswith("ERROR: pytest-ftgate cannot register option --train: already registered")


# --- golden files on the command line ---------------------------------------------------------------------------------

TAKES_GOLDENS = """\
import pytest


class Text(pytest.Item):
    def runtest(self):
        pass


class TextFile(pytest.File):
    def collect(self):
        yield Text.from_parent(self, name="text")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    found = yield
    return [TextFile.from_parent(parent, path=file_path)] if "golden" in file_path.name else found
"""


@pytest.mark.parametrize(
    "named", ["goldens/tiny.golden.jsonl", "goldens/../goldens/tiny.golden.jsonl", "link.golden.jsonl"]
)
def test_a_named_golden_file_that_another_plugin_took(shop, named):
    (shop.path / "link.golden.jsonl").symlink_to("goldens/tiny.golden.jsonl")
    shop.pytester.makeconftest(TAKES_GOLDENS)
    result = shop.run(named, "test_mine.py")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: golden files are named on the command line*", f"*    {named}"])
    assert shop.run("test_mine.py").ret == 0


@pytest.mark.parametrize("named", ["goldens/tiny.golden.jsonl", "goldens/tiny.golden.jsonl::a1", "link.golden.jsonl"])
def test_a_named_golden_file_that_is_ours(shop, named):
    (shop.path / "link.golden.jsonl").symlink_to("goldens/tiny.golden.jsonl")
    shop.run(named, "test_mine.py").assert_outcomes(passed=2)


def test_deselected_cases_are_no_reason_to_stop(shop):
    assert shop.run("goldens/tiny.golden.jsonl", "test_mine.py", "-k", "test_mine").ret == 0
    shop.write("test_mine.py", "def test_mine():\n    assert 0\n")
    assert shop.run("goldens/tiny.golden.jsonl", "test_mine.py").ret == 1
    shop.run("goldens/tiny.golden.jsonl", "test_mine.py", "--lf").assert_outcomes(failed=1)


def test_a_named_golden_file_without_our_plugin(alone, shop):
    done = alone.run(shop.path, "pytest", "-p", "no:pytest_ftgate", "goldens/tiny.golden.jsonl", "test_mine.py")
    assert done.returncode == 4
    assert "tiny.golden.jsonl" in done.stderr
