"""The committed reference is what the code says today, and nothing of the code is missing from it."""

from __future__ import annotations

import ast
import dataclasses
import json
import pkgutil
import re
import tomllib
from contextlib import ExitStack
from pathlib import Path

import pytest

import pytest_ftgate
from pytest_ftgate.cli import drift, leakage
from pytest_ftgate.data.checks import CHECKS as DATA_CHECKS
from pytest_ftgate.data.checks.all_checks import Training, every_check
from pytest_ftgate.data.checks.label_counts import LabelCounts
from pytest_ftgate.data.checks.perplexity import Perplexity
from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.shapes import SHAPES, row_of
from pytest_ftgate.files import STATE
from pytest_ftgate.gate import checks as gate_checks
from pytest_ftgate.gate.exit_code import DRIFT, EXIT_CODES, MEANINGS
from pytest_ftgate.golden.case import make_case
from pytest_ftgate.graders.grade import KINDS, compile_grader
from pytest_ftgate.graders.value import Grade
from pytest_ftgate.metrics.compute import NAMES as METRICS
from pytest_ftgate.metrics.latency_cost import NAMES as LIMITS
from pytest_ftgate.pipeline.advice.rules import RULES
from pytest_ftgate.serve.api.settings import Settings
from pytest_ftgate.serve.response import Response
from tests.docs.blocks import DOCS
from tests.docs.conftest import Reader
from tests.embedding_server import LettersServer
from tools.reference import pages
from tools.reference.advice import PAGE, guide
from tools.reference.commands import commands
from tools.reference.flags import recorded
from tools.reference.graders import example
from tools.reference.python_api import fixtures, hook_functions
from tools.reference.schemas import keys, schema, tables

REFERENCE = DOCS / "reference"
HELPERS = {"result", "paired", "noninferiority", "multiplicity", "judge_limits"}
"""Modules of the gate's checks that are no check."""


def shown(page: str) -> str:
    return (REFERENCE / page).read_text("utf-8")


def first_cells(page: str) -> set[str]:
    return set(re.findall(r"^\| `([^`]+)` \|", shown(page), re.M))


def headings(page: str) -> set[str]:
    return set(re.findall(r"^##+ (.+)$", shown(page), re.M))


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_page_is_what_the_code_says(name):
    assert shown(name) == pages()[name], "the reference is not current: make reference"


def test_the_decision_guide_is_what_the_rules_say():
    assert PAGE.read_text("utf-8") == guide(), "the guide is not current: make reference"
    assert not [rule.name for rule in RULES if f"**{rule.name}**" not in guide()]


def test_there_are_no_other_pages():
    assert {path.name for path in REFERENCE.glob("*.md")} == set(pages())


def test_every_flag_and_ini_option():
    recorder, text = recorded(), shown("flags.md")
    assert len(recorder.flags) > 20
    assert not [flag for flag in recorder.flags if not re.search(rf"`{flag}[` ]", text)]
    assert not [name for name in recorder.inis if f"`{name}`" not in text]


def test_the_flags_are_those_that_pytest_shows(pytester):
    text = pytester.runpytest("--help").stdout.str()
    assert set(re.findall(r"--ftgate-[\w-]*\w", text)) <= set(recorded().flags)


def test_every_command_and_its_arguments():
    found = headings("commands.md")
    assert len(commands()) > 25
    assert found == {f"ftgate {name}" for name in commands()}
    for name, parser in commands().items():
        section = shown("commands.md").split(f"\n## ftgate {name}\n")[1].split("\n## ")[0]
        flags = [action.option_strings[-1] for action in parser._actions if action.option_strings]
        assert all(f"`{flag}" in section for flag in flags if flag != "--help"), name


@pytest.mark.parametrize("name", ["golden", "case", "pipeline", "prices", "exposure", "outcome", "label", "verdict"])
def test_every_key_of_a_schema(name):
    page = {"golden": "golden-toml", "case": "golden-toml", "pipeline": "pipeline-toml", "prices": "prices-toml"}
    found = first_cells(f"{page.get(name, 'json-lines')}.md")
    assert {key.rsplit(".", 1)[-1] for key in keys(name)} <= found


@pytest.mark.parametrize("name", ["golden", "case", "pipeline", "prices"])
def test_every_key_has_a_meaning(name):
    root = schema(name)
    nodes = [root, *(node for _, node, _ in tables(root, name))]
    assert not [key for node in nodes for key, below in node["properties"].items() if not described(below)]


def described(node):
    return node.get("description") or "$ref" in node


def test_every_key_of_the_judges_model():
    assert {field.name for field in dataclasses.fields(Settings)} <= first_cells("golden-toml.md")


@pytest.mark.parametrize("kind", KINDS)
def test_every_option_of_a_grader(kind):
    assert kind in headings("graders.md")
    section = shown("graders.md").split(f"\n## {kind}\n")[1].split("\n## ")[0]
    options = [field.name for field in dataclasses.fields(KINDS[kind]) if field.init]
    assert not [name for name in options if f"| `{name}` |" not in section]


@pytest.fixture
def started():
    with ExitStack() as servers:
        yield servers.enter_context


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "judge"])
def test_the_example_of_a_grader_works(kind, reader: Reader, started):
    Path("my_graders.py").write_text(
        "def shorter_than(case, response, characters):\n    return len(response.text) < characters\n"
    )
    Path("my_models.py").write_text(
        "from pydantic import BaseModel\n\nclass Person(BaseModel):\n    name: str\n    age: int\n"
    )
    embeddings = started(LettersServer())
    text = example(KINDS[kind]).replace("http://127.0.0.1:8001/v1", embeddings.base_url)
    values = tomllib.loads(f"value = {{{text.splitlines()[-1].removeprefix('# ')}}}")["value"]
    grader = compile_grader(tomllib.loads(text)["grader"][0])
    case = make_case({"input": "q", "expected": values.get("expected")}, 1, "a")
    grader.check(case)
    grades = [grader(case, said(kind, values[name])) for name in ("right", "wrong")]
    assert [grade.passed for grade in grades if isinstance(grade, Grade)] == [True, False]


def said(kind, text):
    """A text, or a call written as `name(arguments)`."""
    if kind != "tool_calls":
        return Response("a", "model", text)
    name, _, arguments = text.removesuffix(")").partition("(")
    return Response("a", "model", "", tool_calls=({"name": name, "arguments": arguments},))


def test_every_metric():
    assert {*METRICS, *LIMITS} <= first_cells("metrics.md")


def test_every_gate_check():
    modules = {name for _, name, _ in pkgutil.iter_modules(gate_checks.__path__)} - HELPERS
    assert {name.replace("_", "-") for name in modules} == set(gate_checks.CHECKS)
    assert set(gate_checks.CHECKS) == first_cells("gate-checks.md")


def test_every_data_check():
    surprise = Perplexity(lambda rows: [0.0 for _ in rows], 1, 0)
    names = {
        check.name
        for check in every_check(
            lambda _: 0, 1, LabelCounts(), training=Training("qlora", forgetting=True), perplexity=surprise
        )
    }
    assert {"schema", *names} == set(DATA_CHECKS) == first_cells("data-checks.md")


def test_every_shape_of_training_rows_has_an_example():
    page = (DOCS / "how-to/training-data.md").read_text("utf-8")
    block = page.partition('title="shapes.jsonl"\n')[2].partition("```")[0]
    rows = [row_of(Record("docs", number, json.loads(line))) for number, line in enumerate(block.splitlines(), 1)]
    assert [getattr(row, "shape", row) for row in rows] == [shape.name for shape in SHAPES]


def test_every_fixture_and_hook():
    assert set(fixtures()) == headings("fixtures.md")
    assert len(fixtures()) >= 8
    assert set(hook_functions()) == headings("hooks.md")


def test_every_exit_code():
    codes = {int(heading.split(":")[0]) for heading in headings("exit-codes.md")}
    assert codes == set(MEANINGS)
    assert codes >= {*map(int, pytest.ExitCode), *EXIT_CODES.values(), DRIFT}
    assert {leakage.LEAKED, drift.DRIFT} <= codes


def test_every_file_of_the_state_folder():
    listed = {name.split("/")[0] for name in STATE}
    used = {name for file in Path(pytest_ftgate.__file__).parent.rglob("*.py") for name in below_the_state_folder(file)}
    assert len(used) > 8
    assert used <= listed
    assert set(STATE) <= first_cells("state-folder.md")


def below_the_state_folder(file):
    """First names that are joined to something called state_dir, as in `args.state_dir / "judge"`."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.BinOp(left, ast.Div(), ast.Constant(name)) if ast.unparse(left).endswith("state_dir"):
                yield name.split("/")[0]


def test_the_table_of_graders_names_every_kind_and_readme_its_page():
    rows = re.findall(r"^\| \[(\w+)\]\(#\1\) \| (.*) \|$", shown("graders.md"), re.M)
    assert [kind for kind, _ in rows] == list(KINDS)
    assert "`rel_tol`" in dict(rows)["numeric"]
    readme = (DOCS.parent / "README.md").read_text("utf-8")
    assert "(docs/reference/graders.md)" in readme
    named = set(re.findall(r"`(\w+)`", readme.partition("usual options:")[2].partition("## Train")[0]))
    options = {field.name for kind in KINDS.values() for field in dataclasses.fields(kind)} | {"schema"}
    assert named <= options | set(KINDS) | {"assert"}
