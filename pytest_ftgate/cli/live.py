"""`ftgate live`: inputs of production come home, as golden cases or training rows."""

from __future__ import annotations

import argparse

from pytest_ftgate.cli import live_label, live_propose, live_sample


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    parser = commands.add_parser("live", help="sample, label and propose production inputs")
    kinds = parser.add_subparsers(metavar="STEP", required=True)
    for step in (live_sample, live_label, live_propose):
        step.add(kinds)
