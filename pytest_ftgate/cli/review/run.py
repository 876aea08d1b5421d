"""(queue, terminal or page) -> decisions, until the person stops or has finished."""

from __future__ import annotations

import sys

from pytest_ftgate.annotation.review_queue import ReviewQueue
from pytest_ftgate.cli.review.terminal import Say, run_terminal


def run_review(queue: ReviewQueue, say: Say, *, web: bool) -> None:
    """In the terminal, or on a page whose address is told. Ctrl-C stops as `q` does: every decision is written."""
    try:
        if web:
            _run_page(queue, say)
        else:
            run_terminal(queue, sys.stdin, say)
    except KeyboardInterrupt:
        say(f"\nstopped at {queue.done} of {len(queue.items)}; run the same command to continue")


def _run_page(queue: ReviewQueue, say: Say) -> None:
    from pytest_ftgate.cli.review.web import DeskServer

    server = DeskServer(queue)
    say(f"{queue.task.title}: {queue.done} of {len(queue.items)} done; open this page (the URL contains a secret):")
    say(f"  {server.url}")
    say("Ctrl-C stops; decisions are saved immediately.")
    server.run()
    say(f"finished at {queue.done} of {len(queue.items)}")
