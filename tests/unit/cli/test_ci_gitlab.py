"""`ftgate ci gitlab`: the promotion gate as a file that GitLab's schema accepts, and whose shell does what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_ftgate.cli.main import main
from tests.projects import write_golden, write_pipeline
from tests.unit.cli.test_ci import shell

NAME = "ftgate-gate.yml"
PYTHON = """#!/bin/sh
case "$*" in *"ci changed"*|-c*) exec {python} "$@" ;; esac
echo "$@" >> asked
case "$*" in
  *"-m pytest "*)
    name=${{3#pipelines/}}
    mkdir -p reports
    echo "{{}}" > "reports/$name.json"
    case "$name" in mail) exit $MAIL ;; *) exit $CHAT ;; esac ;;
esac
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pipelines `chat` and `mail`, and a python that only writes down what it was asked to train."""
    for name in ("chat", "mail"):
        write_pipeline(tmp_path / "pipelines" / name, name)
        write_golden(tmp_path / "goldens" / name, ())
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text(PYTHON.format(python=sys.executable))
    (tmp_path / "bin/python").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def jobs(*args: str) -> dict[str, Any]:
    assert main(["ci", "gitlab", "--out", "gl", *args]) == 0
    found = yaml.safe_load(Path("gl", NAME).read_text())
    assert isinstance(found, dict)
    return found


def asked(shop: Path, what: str) -> list[str]:
    return [line for line in (shop / "asked").read_text().splitlines() if what in line]


@pytest.mark.parametrize("args", [(), ("--install=make setup\nmake data", "--goldens=qa/sets", "--runner=a100,x")])
def test_gitlabs_schema_accepts_it(shop: Path, args: tuple[str, ...]):
    found = jobs(*args)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform"]
    done = subprocess.run([*command, "gitlab-ci", f"gl/{NAME}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert found["ftgate-gate"]["allow_failure"] == {"exit_codes": [10]}
    assert found["ftgate-gate"]["resource_group"] == "ftgate-train"
    folder = "qa/sets" if args else "goldens"
    assert found["ftgate-gate"]["rules"][0]["changes"] == [f"{folder}/**/*", "pipelines/**/*"]
    assert "tags" not in found["ftgate-readable"], "a merge request needs no GPU"


@pytest.mark.parametrize(
    ("mail", "chat", "code"), [(0, 0, 0), (10, 0, 10), (1, 10, 1), (10, 1, 1), (11, 1, 1), (0, 10, 10)]
)
def test_a_hold_of_one_pipeline_hides_no_rejection_of_another(shop: Path, mail: int, chat: int, code: int):
    script = jobs()["ftgate-gate"]["script"][0]
    codes = {"MAIL": str(mail), "CHAT": str(chat), "FTGATE_STATE_DIR": "state", "FTGATE_PIPELINE": ""}
    done = shell(script, shop, CI_COMMIT_BEFORE_SHA="0" * 40, FTGATE_GITLAB_TOKEN="", **codes)
    assert done.returncode == code, done.stderr
    assert [line.split()[2] for line in asked(shop, "--train")] == ["pipelines/chat", "pipelines/mail"]
    assert not asked(shop, "comment")


def test_one_pipeline_by_hand_and_its_comment(shop: Path):
    script = jobs()["ftgate-gate"]["script"][0]
    variables = {"MAIL": "0", "FTGATE_PIPELINE": "mail", "FTGATE_GITLAB_TOKEN": "token", "FTGATE_STATE_DIR": "state"}
    assert shell(script, shop, CI_COMMIT_BEFORE_SHA="", **variables).returncode == 0
    [trained] = asked(shop, "--train")
    assert "--ftgate-run-file=reports/mail.json" in trained
    [comment] = asked(shop, "comment")
    assert comment == "-m pytest_ftgate ci comment --run-file reports/mail.json --name mail"


def test_a_merge_request_is_read_by_what_it_changed(shop: Path):
    git = "git -c user.name=me -c user.email=me@localhost"
    done = shell(f"git init -q && git add goldens pipelines && {git} commit -qm one && git rev-parse HEAD", shop)
    before = done.stdout.strip()
    shell(f"echo x > goldens/mail/note && git add goldens && {git} commit -qm two", shop)
    script = jobs()["ftgate-readable"]["script"][0]
    done = shell(script, shop, CI_MERGE_REQUEST_DIFF_BASE_SHA=before, FTGATE_PIPELINE="", MAIL="2", CHAT="0")
    assert done.returncode == 2, done.stderr
    assert [line.split()[2] for line in asked(shop, "--collect-only")] == ["pipelines/mail"]
