"""Every code block of README and docs is a file that our readers accept, a command that exists, or a sample of output."""

from __future__ import annotations

import re

import pytest

from tests.docs.blocks import DOCS, PAGES, Block, blocks_of, prose_of
from tests.docs.commands import check_command
from tests.docs.conftest import Reader
from tests.docs.files import check_file
from tests.repository import ROOT

BLOCKS = [block for page in PAGES for block in blocks_of(page)]
RUN = [page for page in PAGES if any(block.codes for block in blocks_of(page))]
FILES = {"toml", "csv", "json", "jsonl", "python", "yaml"}


def named(page_or_block):
    return page_or_block.place if isinstance(page_or_block, Block) else str(page_or_block.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_code_escapes_the_checks(page):
    prose = prose_of(page)
    assert "```" not in prose, "a fence that tests/docs/blocks.py does not understand"
    assert not re.findall(r"(?:^|\n)\n {4}\S.*", prose), "indent no code, fence it"


@pytest.mark.parametrize("block", BLOCKS, ids=named)
def test_a_block_is_checked(block, reader: Reader):
    if block.language == "sh":
        for command in block.commands:
            check_command(command)
    elif block.language in FILES:
        assert block.title, 'name the file, ```toml title="goldens/mood/golden.toml", so that it can be checked'
        reader.copy(block.page)
        check_file(reader.write(block))
    else:
        assert block.language == "text", f"no test checks {block.language!r}; samples of output are ```text"


@pytest.mark.parametrize("page", RUN, ids=named)
def test_the_commands_of_a_page_run(page, reader: Reader, capsys):
    for block in blocks_of(page):
        if block.title:
            reader.write(block)
        for command in block.commands if block.codes else ():
            code = reader.run(command)
            assert code in block.codes, f"{command}: exit code {code}\n{capsys.readouterr().out}"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any("test_" in block.title for block in blocks_of(page))], ids=named
)
def test_the_python_tests_of_a_page_pass(page, reader: Reader):
    reader.copy(page)
    files = [block.title for block in blocks_of(page) if block.title.startswith("test_")]
    result = reader.pytester.runpytest_inprocess(*reader.served, *files)
    assert result.ret == 0
    assert result.parseoutcomes().get("passed")
    assert set(result.parseoutcomes()) <= {"passed", "warnings", "warning"}


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_bytes()) <= 6000


def test_the_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", (ROOT / "README.md").read_text("utf-8"))
    assert len([link for link in links if link.startswith("docs/")]) > 5
    assert all((ROOT / link).exists() for link in links), [link for link in links if not (ROOT / link).exists()]


def test_every_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert not [page for page in DOCS.rglob("*.md") if str(page.relative_to(DOCS)) not in text]
