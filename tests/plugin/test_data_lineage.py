"""`[data] pii`, and the lineage of what was trained: in the summary and in MLflow."""

from __future__ import annotations

import json

from tests.plugin.test_data_items import HERE, PIPELINE, row, shop, spoil, words  # noqa: F401
from tests.plugin.trained import Trained
from tests.projects import json_lines

EMAIL = "someone@birch.org"


def test_redacted_rows_are_checked_for_leaks_in_the_users_file_and_line(shop):  # noqa: F811
    spoil(shop, {"input": f"{words(5, 1)} {EMAIL}", "expected": "yes"}, {"input": words(9, 9002), "expected": "yes"})
    file = shop.path / "pipelines/mail/train.jsonl"
    before = file.read_bytes()
    assert shop.run(HERE, "-k", "pii").ret == 1
    shop.write(HERE, PIPELINE + 'pii = "redact"\n')
    result = shop.run("--train")
    assert result.ret == 11, result.stdout.str()
    result.stdout.fnmatch_lines(
        [
            "  pii *warning *1 found: *train.jsonl:501 (e-mail); redacted for training ([[]data[]] pii)",
            "INTEGRITY mail: *",
        ]
    )
    result.stdout.fnmatch_lines(["*pipelines/mail/train.jsonl:502: leak of golden case mail/c2 (*"])
    result.stdout.fnmatch_lines(
        ["  data:   train * 502 rows with 1 changed (personal data or keys redacted); val* 20 rows"]
    )
    copy = (shop.path / ".ftgate/runs/mail/prepared/train/train.jsonl").read_text()
    assert "<EMAIL>" in copy
    assert EMAIL not in copy
    assert file.read_bytes() == before
    entries = [json.loads(line) for line in (shop.path / ".ftgate/audit.jsonl").read_text().splitlines()]
    assert [entry["what"]["for"] for entry in entries[-2:]] == ["pii: redact", "leakage"]
    assert "prepared/train/train.jsonl" in entries[-1]["what"]["files"][0]["path"]


def test_dropped_rows_do_not_count_for_what_is_trained(shop):  # noqa: F811
    """The limit counts the rows that stay, and so does the check of the size: 195 of the 230 rows, with 9 dropped."""
    spoiled = [{"input": f"{words(5, n)} {EMAIL}", "expected": "yes"} for n in range(9)]
    shop.write("pipelines/mail/train.jsonl", json_lines([*spoiled, *map(row, range(221))]))
    shop.write(HERE, PIPELINE + 'pii = "drop"\nmax_rows = 195\n')
    result = shop.run(HERE)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["  195 rows", "  pii *9 found: * dropped for training*"])


def test_a_file_that_differs_from_dvcs_fails_the_first_check(shop):  # noqa: F811
    by = {"outs": [{"md5": "0" * 32, "size": 1, "hash": "md5", "path": "train.jsonl"}]}
    shop.write("pipelines/mail/train.jsonl.dvc", json.dumps(by))
    result = shop.run("--train")
    assert result.ret == 1
    outcomes = result.parseoutcomes()
    assert (outcomes["failed"], "passed" in outcomes) == (1, False)
    result.stdout.fnmatch_lines(["*train.jsonl: differs from *train.jsonl.dvc: *", "*dvc add *; *: dvc checkout"])


def test_the_lineage_stands_in_the_summary_and_in_mlflow(project, mlflow_template, no_tracking_server):
    trained = Trained(project, mlflow_template)
    trained.base(wrong=range(30))
    rows = ["something else", f"mail {EMAIL}", "and more"]
    project.write("pipelines/mail/train.jsonl", json_lines({"input": text, "expected": "yes"} for text in rows))
    pipeline = 'pii = "drop"\nmax_rows = 2\n[train]'
    trained.candidate(1, wrong=(3,), settings=pipeline)
    result = trained.run()
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(
        ["PROMOTED mail v1", "  data:   train * 3 rows - 1 (personal data or keys) = 2; val* 1 row"]
    )

    from pytest_ftgate.registry import open_registry

    registry = open_registry(None, project.path / ".ftgate")
    champion = registry.champion("mail")
    lineage = registry.artifact(champion.run_id, "lineage.json")
    [step] = lineage["train"]["steps"]
    assert (lineage["train"]["path"], step["before"], step["rows"]) == ("train.jsonl", 3, 2)
    params = registry.params(champion)
    assert params["data.train.sha256"] == lineage["train"]["sha256"]
    assert (params["data.train.rows"], params["data.train.rows_used"]) == ("3", "2")
