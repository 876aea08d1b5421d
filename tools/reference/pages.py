"""Every page of the reference by its file name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tools.reference.commands import commands_page
from tools.reference.flags import flags_page
from tools.reference.gate import data_page, exit_codes_page, gate_page, state_page
from tools.reference.graders import graders_page
from tools.reference.markdown import escaped, page, table
from tools.reference.metrics import metrics_page
from tools.reference.python_api import fixtures_page, hooks_page
from tools.reference.schemas import HEAD, judge_keys, schema, sections

FOLDER = Path(__file__).parents[2] / "docs/reference"
LINES = {"exposure": "exposures", "outcome": "outcomes", "label": "labels.jsonl", "verdict": "verdicts.jsonl"}


def pages() -> Mapping[str, str]:
    """File name -> Markdown."""
    return {
        "flags.md": flags_page(),
        "commands.md": commands_page(),
        "golden-toml.md": _golden(),
        "pipeline-toml.md": _of_schema("pipeline", "pipeline.toml"),
        "prices-toml.md": _of_schema("prices", "prices.toml"),
        "json-lines.md": _lines(),
        "graders.md": graders_page(),
        "metrics.md": metrics_page(),
        "gate-checks.md": gate_page(),
        "data-checks.md": data_page(),
        "fixtures.md": fixtures_page(),
        "hooks.md": hooks_page(),
        "exit-codes.md": exit_codes_page(),
        "state-folder.md": state_page(),
    }


def _of_schema(name: str, title: str) -> str:
    return page(title, escaped(schema(name)["description"]), *sections(name))


def _golden() -> str:
    model = ["## [judge]: which model is asked", "Further keys of `[judge]`, and of each entry of its `panel`."]
    cases = ["## Cases", escaped(schema("case")["description"]), *sections("case", "###")]
    rows = table(HEAD, judge_keys())
    intro = escaped(schema("golden")["description"])
    return page("golden.toml and cases", intro, *sections("golden"), *model, rows, *cases)


def _lines() -> str:
    parts = [
        part
        for name, title in LINES.items()
        for part in (f"## {title}", escaped(schema(name)["description"]), *sections(name, "###"))
    ]
    return page(
        "Other JSON Lines files",
        "One JSON object a line. Cases are described with [golden.toml](golden-toml.md).",
        *parts,
    )
