"""The parsers of the command `ftgate` -> the page of its commands."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from pytest_ftgate.cli.main import make_parser
from tools.reference.markdown import code, page, sentence, table

INTRO = (
    "`ftgate` is also `python -m pytest_ftgate`. Exit codes are those of the page [Exit codes](exit-codes.md). Every "
    "command has `--help`."
)


def leaves(parser: argparse.ArgumentParser, words: tuple[str, ...] = (), text: str = "") -> Iterator[tuple]:
    """(words of a command, its help, its parser) for every command that runs, with commands below it or not."""
    families = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not families or parser.get_default("run"):
        yield words, text, parser
    for family in families:
        helps = {each.dest: each.help or "" for each in family._choices_actions}
        for name, below in family.choices.items():
            yield from leaves(below, (*words, name), helps.get(name, ""))


def commands() -> Mapping[str, argparse.ArgumentParser]:
    """Words of a command, such as "data check", -> its parser."""
    return {" ".join(words): parser for words, _, parser in leaves(make_parser())}


def commands_page() -> str:
    """A section for each command."""
    return page("Commands", INTRO, *(_section(*leaf) for leaf in leaves(make_parser())))


def _section(words: tuple[str, ...], text: str, parser: argparse.ArgumentParser) -> str:
    own = [each for each in parser._actions if not isinstance(each, argparse._SubParsersAction | argparse._HelpAction)]
    rows = [_row(parser, action) for action in own]
    head = f"## ftgate {' '.join(words)}\n\n{sentence(text)}"
    shown = table(["argument", "meaning"], rows)
    return f"{head}\n\n{shown}" if shown else head


def _row(parser: argparse.ArgumentParser, action: argparse.Action) -> tuple[str, str]:
    text = (action.help or "") % {**vars(action), "prog": parser.prog}
    needed = "required; " if action.option_strings and action.required else ""
    allowed = (
        f"{' ' if text else ''}One of {', '.join(code(each) for each in action.choices)}" if action.choices else ""
    )
    return code(_shown(action)), needed + sentence(text) + allowed


def _shown(action: argparse.Action) -> str:
    """As in usage, "--price IN OUT"."""
    metavar = action.metavar or action.dest.upper()
    value = " ".join(metavar) if isinstance(metavar, tuple) else metavar
    if not action.option_strings:
        return f"{value} ..." if action.nargs == "+" else value
    takes = action.nargs != 0
    return (
        f"{action.option_strings[-1]} {f'[{value}]' if action.nargs == '?' else value}"
        if takes
        else (action.option_strings[-1])
    )
