"""(arguments, task, items) -> a person at work on them, with a journal in the state folder; and files of lines."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pytest_ftgate.cli.common import say
from pytest_ftgate.files.atomic import write_text

if TYPE_CHECKING:
    from pytest_ftgate.annotation.decision_log import DecisionLog
    from pytest_ftgate.annotation.item import Item, Task
    from pytest_ftgate.annotation.review_queue import ReviewQueue
    from pytest_ftgate.evaluate.suite import Suite


def open_book(args: argparse.Namespace, suite: Suite, kind: str) -> DecisionLog:
    """The journal of this person's work on a set, readable by no other; one for each kind."""
    from pytest_ftgate.annotation.decision_log import DecisionLog
    from pytest_ftgate.files.digest import digest_of

    person = digest_of(_by(args))[:12]
    return DecisionLog(args.state_dir / "review" / f"{suite.name}.{kind}.{person}.jsonl", private=True)


def at_work(args: argparse.Namespace, task: Task, items: Sequence[Item], decision_log: DecisionLog) -> ReviewQueue:
    """The queue, after the person has stopped or finished."""
    from pytest_ftgate.annotation.review_queue import ReviewQueue
    from pytest_ftgate.cli.review.run import run_review

    queue = ReviewQueue(task, items, decision_log, _by(args))
    run_review(queue, say, web=args.web)
    return queue


def lines_of(file: Path, kind: Literal["label", "verdict"]) -> list[dict[str, Any]]:
    """The lines of a file as written. FileFaults if it is not what it should be: nothing is overwritten then."""
    if not file.exists():
        return []
    from pytest_ftgate.annotation.verdicts import read_verdicts
    from pytest_ftgate.judge.labels import read_labels

    (read_labels if kind == "label" else read_verdicts)(file)
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]


def write_lines(file: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Replace the file at once."""
    write_text(file, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def _by(args: argparse.Namespace) -> str:
    import getpass

    return args.by or getpass.getuser()
