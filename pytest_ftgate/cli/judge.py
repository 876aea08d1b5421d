"""`ftgate judge ...`: what people say of answers, and whether a judge agrees with them."""

from __future__ import annotations

import argparse

from pytest_ftgate.cli import judge_attack, judge_calibrate, judge_label


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    parser = commands.add_parser("judge", help="label answers, compare two models blind, calibrate a judge")
    kinds = parser.add_subparsers(metavar="WHAT", required=True)
    judge_label.add(kinds)
    judge_calibrate.add(kinds)
    judge_attack.add(kinds)
