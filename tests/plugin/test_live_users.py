"""`--train` again after an A/B test: the users of this very candidate decide, and what all that cost is kept."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pytest_ftgate.cli.main import main
from tests.plugin.trained import Trained

AB = '[ab]\nshare = 0.2\nexposures = "exposures.jsonl"\nrequired = true\n'
PRICES = """
[machine]
price_per_hour = 1.0
[[provider]]
name = "api"
input_per_million = 1000.0
output_per_million = 1000.0
"""


@pytest.fixture
def trained(project, mlflow_template, no_tracking_server):
    return Trained(project, mlflow_template)


def exposures(digest: str, candidate: float) -> str:
    rng, start, lines = np.random.default_rng(1), datetime(2026, 3, 1, tzinfo=UTC), []
    for i in range(3000):
        drawn = bool(rng.random() < 0.2)
        row = {
            "user": f"u{i}",
            "arm": "candidate" if drawn else "champion",
            "at": (start + timedelta(minutes=i)).isoformat(),
            "candidate": digest[:16],
            "outcome": int(rng.random() < (candidate if drawn else 0.6)),
        }
        lines.append(json.dumps(row) + "\n")
    return "".join(lines)


@pytest.fixture
def ftgate(trained, capsys):
    """ftgate("ab", ...) -> the lines of its standard output, where it succeeds."""

    def run(*args):
        capsys.readouterr()
        code = main([*args])
        told = capsys.readouterr()
        assert code == 0, told.err
        return told.out.splitlines()

    return run


def test_a_candidate_waits_for_its_users_and_is_promoted_by_them(trained, ftgate):
    trained.base(wrong=range(40))
    trained.candidate(1, wrong=range(12))
    assert trained.run().ret == 0
    trained.candidate(2, wrong=range(3), more=AB)
    waiting = trained.run()
    assert waiting.ret == 10
    waiting.stdout.fnmatch_lines(["*live*HOLD*no exposures of this candidate yet; *ftgate router mail --candidate*"])

    router = ftgate("router", "mail", "--candidate", "--server", "http://127.0.0.1:8000")
    assert "    20% candidate;" in router
    [digest] = re.findall(r'"candidate": "([0-9a-f]{16})"', "\n".join(router))
    trained.project.write("pipelines/mail/exposures.jsonl", exposures(digest, candidate=0.9))
    again = trained.run()
    assert again.ret == 0, again.stdout.str()
    again.stdout.fnmatch_lines(["*live*PASS*e reached 20 after*", "*PROMOTED mail v2*"])

    trained.project.write("prices.toml", PRICES)
    cost = ftgate("cost", "mail")
    assert cost[0].startswith("mail v2: ")
    assert cost[0].endswith("(60 requests of mail)")
