"""What golden sets need in a job: extras that it installs, and secrets that it gets, of their judges and graders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pytest_ftgate import graders
from pytest_ftgate.cli.ci_needs import TEXT_KINDS, needs_of, sets_below
from pytest_ftgate.cli.main import main
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.metrics.paired import tango_bounds
from pytest_ftgate.metrics.power import equal_needed, least_excluded
from tests.projects import write_golden

CLAUDE = "[judge]\nchecklist = { polite = 'Polite?' }\n"
OTHER = "[judge]\nchecklist = { polite = 'Polite?' }\napi = 'openai'\nbase_url = 'https://judge.example.com/v1'\nmodel = 'm'\n"
CASES = [{"id": "a", "input": "a", "expected": "a"}]
SERVED = ("--base-url", "https://api.example.com/v1", "--model", "m")


@pytest.fixture
def write(tmp_path, monkeypatch, capsys):
    """write(host, settings of the golden set, arguments) -> what was printed, and each file."""
    monkeypatch.chdir(tmp_path)

    def run(host: str, settings: str, *args: str) -> tuple[str, dict[str, str]]:
        write_golden(tmp_path / "goldens/replies", CASES, settings)
        assert main(["ci", host, "--out", "out", *args]) == 0
        return capsys.readouterr().out, {file.name: file.read_text() for file in Path("out").iterdir()}

    return run


def test_a_judge_brings_its_extra_and_its_key(write):
    said, files = write("github", CLAUDE, *SERVED)
    flow = yaml.safe_load(files["ftgate-compare.yml"])
    steps = {step.get("name"): step for step in flow["jobs"]["compare"]["steps"]}
    assert steps["Install"]["run"].strip() == 'python -m pip install "pytest-ftgate[judge]"'
    assert steps["Ask and compare"]["env"]["ANTHROPIC_API_KEY"] == "${{ secrets.ANTHROPIC_API_KEY }}"
    assert "the golden sets need the extras judge: the jobs install them\n" in said
    assert "the golden sets need keys: set the secrets ANTHROPIC_API_KEY\n" in said
    [comment] = [step for step in flow["jobs"]["comment"]["steps"] if step.get("name") == "Install"]
    assert comment["run"].strip() == "python -m pip install pytest-ftgate"


def test_jobs_that_train_get_them_too(write):
    _, files = write("github", CLAUDE)
    gate = yaml.safe_load(files["ftgate-gate.yml"])["jobs"]
    assert gate["gate"]["env"]["ANTHROPIC_API_KEY"] == "${{ secrets.ANTHROPIC_API_KEY }}"
    assert '"pytest-ftgate[train,registry,judge]"' in str(gate["gate"])
    assert '"pytest-ftgate[judge]"' in str(gate["changed"])


@pytest.mark.parametrize("args", [SERVED, ()])
def test_gitlab_names_the_variable(write, args):
    _, files = write("gitlab", OTHER + "api_key_env = 'MY_KEY'\n", *args)
    for text in files.values():
        assert "#   MY_KEY  a key that the golden sets name\n" in text
        assert "judge]" not in text, "an OpenAI-compatible judge needs no extra"


def test_an_install_of_ones_own_is_kept_and_told(write):
    said, files = write("github", CLAUDE, *SERVED, "--install", "make setup")
    assert "[judge]" not in files["ftgate-compare.yml"]
    assert "see that --install brings them" in said


@pytest.mark.parametrize(
    ("settings", "extras", "variables"),
    [
        ("", (), ()),
        (OTHER, (), ()),
        ("[[grader]]\nkind = 'not_rouge'\n", ("text",), ()),
        ("[[grader]]\nkind = 'any_of'\ngraders = [{ kind = 'code', language = 'sql' }]\n", ("text",), ()),
        ("[[grader]]\nkind = 'code'\nlanguage = 'python'\n", (), ()),
        ("[[grader]]\nkind = 'semantic'\nmodel = 'm'\n", ("semantic",), ()),
        (
            "[[grader]]\nkind = 'semantic'\nmodel = 'm'\nbase_url = 'https://api.openai.com/v1'\n",
            (),
            ("OPENAI_API_KEY",),
        ),
    ],
)
def test_graders_say_what_they_need(tmp_path, settings, extras, variables):
    write_golden(tmp_path / "replies", CASES, settings)
    found = needs_of(sets_below(tmp_path))
    assert (found.extras, found.variables) == (extras, variables)


def test_graders_of_single_cases_count(tmp_path):
    write_golden(tmp_path / "replies", [CASES[0] | {"graders": [{"kind": "bleu"}]}])
    assert needs_of(sets_below(tmp_path)).extras == ("text",)


@pytest.mark.parametrize("name", ["GITHUB_KEY", "A B: ${{x}}"])
def test_a_name_that_is_no_secret_is_refused(tmp_path, name):
    grader = "[[grader]]\nkind = 'semantic'\nmodel = 'm'\nbase_url = 'https://x/v1'\n"
    write_golden(tmp_path / "replies", CASES, f"{grader}api_key_env = '{name}'\n")
    with pytest.raises(FtgateError, match="cannot be the name of a secret"):
        needs_of(sets_below(tmp_path))


def test_the_kinds_that_need_a_library_are_known():
    """Each grader that looks for an optional library is in the table of the workflows."""
    folder = Path(graders.__file__).parent
    looking = {file.stem for file in folder.glob("*.py") if re.search(r"^ +needs\(", file.read_text(), re.MULTILINE)}
    assert looking == TEXT_KINDS | {"code", "semantic"}


def test_what_a_set_can_show_is_said_before_anybody_waits_for_it(write):
    said, _ = write("github", "", *SERVED)
    told = "replies: 1 case can show no less than 73 points: --max-drop 0.03 is a HOLD unless the score rises; it needs 88 "
    assert f"{told}equal answers, about 1,100 where 16 % differ\n" in said
    assert "replies" not in write("github", "")[0], "only of a served model"


@pytest.mark.parametrize("n", [5, 8, 88, 300])
def test_it_is_what_the_comparison_says_of_equal_answers(n):
    least = least_excluded(n)
    assert -tango_bounds(0, 0, n)[0] == pytest.approx(least, abs=1e-6)
    assert equal_needed(least + 1e-6) == n
