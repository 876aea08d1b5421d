"""Messages of the engines name flags of pytest; a command says them in its own options."""

from __future__ import annotations

import argparse

import pytest

from pytest_ftgate.cli.main import make_parser
from pytest_ftgate.cli.own_options import in_own_options

LATE = "the vllm server was not ready within 600 s; raise --ftgate-start-limit if it only needs longer"


@pytest.mark.parametrize("command", [["serve", "spam"], ["noise", "spam"], ["tradeoff", "spam"]])
def test_a_command_that_starts_engines_has_the_options_of_their_messages(command):
    args = make_parser().parse_args(command)
    assert "raise --start-limit if" in in_own_options(LATE, args)
    assert in_own_options("[serve] args or --ftgate-vllm-args (ini: ftgate_vllm_args): x", args) == (
        "[serve] args or --vllm-args: x"
    )
    assert in_own_options("pass its executable with --ftgate-vllm PATH (ini: ftgate_vllm)\n  b", args) == (
        "pass its executable with --vllm PATH\n  b"
    )


def test_a_flag_that_a_command_does_not_have_stays_that_of_pytest():
    text = "`pytest --train --ftgate-leak=drop-row` trains without; --ftgate-vllm (ini: ftgate_vllm) too"
    assert in_own_options(text, argparse.Namespace(task="spam")) == text


@pytest.mark.parametrize("command", [["export", "spam", "--to", "merged", "out"], ["tradeoff", "spam"]])
@pytest.mark.parametrize("more", [["--base-url", "http://x"], ["--model", "x"], ["--engine", "openai"]])
def test_what_serves_forms_itself_takes_no_running_server(command, more):
    with pytest.raises(SystemExit):
        make_parser().parse_args([*command, *more])
