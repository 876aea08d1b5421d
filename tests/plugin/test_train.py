"""--train up to the point where a model is needed: arguments, faults, leaks. The real loop is in tests/e2e."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.projects import json_lines, pipeline_toml
from tests.unit.data.data_files import FORMATS

TOML = """
[prompt]
template = "Message: {{ text }}"
[label]
path = ""
values = ["spam", "ham"]
[[gate.floor]]
metric = "f1"
positive = "spam"
min = 0.5
"""
PIPELINE = pipeline_toml("mail") + 'allow = ["size"]\n'


def message(number: int) -> str:
    """Thirteen words and more, no two messages alike."""
    return " ".join(f"word{number}x{place}" for place in range(14))


def rows(*numbers: int) -> str:
    made = ({"input": {"text": message(n)}, "expected": "spam" if n % 2 else "ham"} for n in numbers)
    return json_lines(made)


@pytest.fixture
def shop(project):
    """A project with one golden set, its lock and one pipeline; its base model is an empty folder."""
    cases = [{"id": f"c{n}", "input": {"text": message(n)}, "expected": "spam" if n % 2 else "ham"} for n in range(20)]
    project.locked("mail", cases, TOML)
    project.write("pipelines/mail/pipeline.toml", PIPELINE)
    project.write("pipelines/mail/train.jsonl", rows(*range(100, 300)))
    project.write("pipelines/mail/validation.jsonl", rows(*range(300, 320)))
    (project.path / "pipelines/mail/model").mkdir()
    return project


def test_stages_cases_gate_and_promotion_come_in_order(shop):
    wanted = [
        "data[schema]",
        "data[secrets]",
        "leakage",
        "baseline",
        "fine-tune",
        "serve",
        "c0",
        "c19",
        "gate[integrity]",
        "promote",
    ]
    for extra in ([], ["goldens/mail"], ["pipelines/mail"], ["goldens"], ["-p", "randomly", "goldens/mail"], ["--ff"]):
        result = shop.run("--train", "--co", "-q", *extra)
        assert result.ret == 0, result.stdout.str()
        names = [line.partition("::")[2] for line in result.outlines if "::" in line]
        assert len([name for name in names if not name.startswith("data[")]) == 5 + 20 + 2 + 5
        places = [names.index(name) for name in wanted if name not in {"c0", "c19"} or "randomly" not in extra]
        assert places == sorted(places), (extra, names)
        assert min(names.index("c0"), names.index("c19")) > names.index("serve")
        assert max(names.index("c0"), names.index("c19")) < names.index("metric[accuracy]")


@pytest.mark.parametrize("selection", [["-k", "c1"], ["goldens/mail/golden.toml::c3"]])
def test_a_part_of_the_golden_set_is_a_usage_error_before_anything_is_trained(shop, selection):
    result = shop.run("--train", *selection)
    assert result.ret == 4
    assert "of 20 cases of mail are not selected" in result.stderr.str() + result.stdout.str()
    assert not (shop.path / ".ftgate").exists()


def test_a_set_that_gates_no_pipeline_cannot_be_trained(shop):
    shop.single("other", {"id": "a", "input": "x", "expected": "y"})
    result = shop.run("--train", "goldens/other.golden.jsonl")
    assert result.ret == 4
    assert "pipelines/mail/pipeline.toml" in result.stderr.str()


def test_a_pipeline_with_faults_is_a_collection_error_with_lines(shop):
    shop.write("pipelines/mail/pipeline.toml", PIPELINE + "[train]\nepoch = 3\nlearning_rate = -1\n")
    result = shop.run("--train")
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*pipeline.toml:10:*epochs*", "*pipeline.toml:11:*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_gating_set_without_a_lock_is_a_collection_error(shop):
    (shop.path / "goldens/mail/golden.lock").unlink()
    result = shop.run("--train")
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*golden.lock*", "*ftgate lock goldens/mail*"])


def test_a_golden_set_that_is_missing_is_told(shop):
    shop.write("pipelines/mail/pipeline.toml", PIPELINE.replace('"mail"', '"mial"'))
    result = shop.run("--train", "pipelines/mail")
    assert result.ret == 4
    assert "did you mean 'mail'" in result.stderr.str()


@pytest.mark.parametrize("method", ["qlora", "grpo"])
def test_a_planted_leak_is_integrity_and_nothing_is_trained(shop, method):
    shop.write("pipelines/mail/pipeline.toml", f'{PIPELINE}[train]\nmethod = "{method}"\n')
    planted = {"input": {"text": f"before {message(7)} after"}, "expected": "spam"}
    file = shop.write("pipelines/mail/train.jsonl", rows(*range(100, 200)) + json.dumps(planted) + "\n")
    result = shop.run("--train")
    assert result.ret == 11, result.stdout.str()
    result.stdout.fnmatch_lines(["INTEGRITY*", f"*{file.name}:101: leak of golden case mail/c7*"])
    result.stdout.fnmatch_lines(["*INTEGRITY mail*"])
    records = shop.path / ".ftgate" / "records"
    [report] = records.glob("*/run.json")
    assert json.loads(report.read_text())["pipelines"][0]["leaks"][0]["golden_id"] == "c7"
    left = {file.name for file in (shop.path / ".ftgate").rglob("*") if not file.is_relative_to(records)}
    assert left == {".gitignore", "audit.jsonl", "journal", "running", "lock", "seal.key"}, (
        "no model was asked, no registry made"
    )


def test_drop_row_goes_on_without_the_leaked_rows_and_leaves_the_files_alone(shop):
    whole = rows(*range(100, 150), 7, *range(150, 160), 8)
    file = shop.write("pipelines/mail/train.jsonl", whole)
    result = shop.run("--train", "--ftgate-leak=drop-row")
    assert result.ret == 1, "the next stage has no model here"
    result.stdout.fnmatch_lines(
        ["*train.jsonl:51: leak of golden case mail/c7*", "*dropped 2 leaked rows of *train.jsonl*"]
    )
    result.stdout.fnmatch_lines(["*FAILED pipelines/mail/pipeline.toml::baseline*"])
    copy = shop.path / ".ftgate/runs/mail/clean/train/train.jsonl"
    assert copy.read_text() == rows(*range(100, 160))
    assert file.read_text() == whole
    assert not (shop.path / ".ftgate/runs/mail/clean/validation").exists()


def chats(*numbers: int) -> list[dict]:
    """As `rows`, each the last exchange of a chat."""
    before = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hm"}]
    return [
        {
            "messages": [
                *before,
                {"role": "user", "content": message(n)},
                {"role": "assistant", "content": "spam" if n % 2 else "ham"},
            ]
        }
        for n in numbers
    ]


@pytest.mark.parametrize("name", ["train.parquet", "train.csv"])
def test_leaks_in_chats_of_other_formats_are_found_by_row_and_dropped(shop, name):
    """The answer alone counts as well: the last row asks nothing of a golden, and answers with one."""
    leaked = chats(7)
    leaked[0]["messages"][2:] = [{"role": "user", "content": "why"}, {"role": "assistant", "content": message(8)}]
    file = FORMATS[name](shop.path / "pipelines/mail" / name, [*chats(*range(100, 110), 7), *leaked, *chats(111)])
    settings = PIPELINE.replace("train.jsonl", name).replace('["size"]', '["size", "format"]')
    shop.write("pipelines/mail/pipeline.toml", settings)
    result = shop.run("--train", "--ftgate-leak=drop-row")
    assert result.ret == 1, "the next stage has no model here"
    lines = (12, 13) if name.endswith("csv") else (11, 12)
    for line, golden in zip(lines, ("c7", "c8"), strict=True):
        result.stdout.fnmatch_lines([f"*{file.name}:{line}: leak of golden case mail/{golden}*"])
    result.stdout.fnmatch_lines([f"*dropped 2 leaked rows of *{file.name}*"])
    copy = shop.path / f".ftgate/runs/mail/clean/train/{file.stem}.jsonl"
    assert [json.loads(line) for line in copy.read_text().splitlines()] == chats(*range(100, 110), 111)


def test_a_suspect_stops_only_when_strict(shop):
    half = " ".join(message(7).split()[:11])
    planted = {"input": {"text": f"{half} {' '.join(f'other{n}' for n in range(30))}"}, "expected": "spam"}
    shop.write("pipelines/mail/train.jsonl", rows(*range(100, 150)) + json.dumps(planted) + "\n")
    assert shop.run("--train").ret == 1
    result = shop.run("--train", "--ftgate-leak=strict")
    assert result.ret == 11
    result.stdout.fnmatch_lines(["*train.jsonl:51: suspect of golden case mail/c7*"])


def test_what_was_read_is_a_line_of_the_audit_log(shop):
    file = shop.write("pipelines/mail/train.jsonl", rows(*range(100, 150), 7) + "\n")
    assert shop.run("--train").ret == 11
    looked, entry = map(json.loads, (shop.path / ".ftgate/audit.jsonl").read_text().splitlines())
    assert (looked["what"]["for"], looked["what"]["files"]) == ("data checks", entry["what"]["files"])
    assert (entry["kind"], entry["task"], entry["what"]["for"]) == ("data", "mail", "leakage")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert entry["what"]["files"][0] == {"path": "train.jsonl", "sha256": sha256, "rows": 51}
    assert [each["path"] for each in entry["what"]["files"]] == ["train.jsonl", "validation.jsonl"]
    assert entry["what"]["goldens"]["mail"]["cases"] == 20


def test_a_leak_through_the_validation_file_counts_too(shop):
    shop.write("pipelines/mail/validation.jsonl", rows(300, 301, 7))
    assert shop.run("--train").ret == 11


def test_a_base_model_that_is_none_is_one_clear_error(shop):
    result = shop.run("--train")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*FAILED pipelines/mail/pipeline.toml::baseline*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*c0 PASSED*")


def test_xdist_is_switched_off_with_one_line(shop):
    planted = {"input": {"text": message(7)}, "expected": "spam"}
    shop.write("pipelines/mail/train.jsonl", json.dumps(planted) + "\n")
    result = shop.pytester.runpytest_subprocess("--train", "-n", "2")
    assert result.ret == 11, result.stdout.str()
    result.stdout.fnmatch_lines(["*xdist is off for this run*", "ftgate: computing in *"])


def stages(result):
    return [line for line in result.outlines if line.endswith("::fine-tune")]


def test_a_golden_set_of_two_pipelines_trains_the_one_of_its_own_name(shop):
    shop.write("pipelines/a_second/pipeline.toml", PIPELINE.replace("./model", "../mail/model"))
    for given in ("goldens/mail", "goldens", "goldens/mail/golden.toml", "pipelines/mail"):
        result = shop.run("--train", "--co", "-q", given)
        assert result.ret == 0, result.stdout.str()
        assert stages(result) == ["pipelines/mail/pipeline.toml::fine-tune"]
    result = shop.run("--train", "--co", "-q", "pipelines/a_second")
    assert stages(result) == ["pipelines/a_second/pipeline.toml::fine-tune"]


@pytest.mark.parametrize("given", [[], ["pipelines"], ["."]])
def test_two_pipelines_with_one_golden_set_are_trained_one_at_a_time(shop, given):
    shop.write("pipelines/other/pipeline.toml", PIPELINE)
    result = shop.run("--train", *given)
    assert result.ret == 4
    assert "train one at a time" in result.stderr.str()


def test_a_golden_set_whose_name_no_pipeline_has_must_be_told_apart_by_hand(shop):
    (shop.path / "pipelines/mail").rename(shop.path / "pipelines/first")
    shop.write("pipelines/second/pipeline.toml", PIPELINE)
    result = shop.run("--train", "goldens/mail")
    assert result.ret == 4
    assert "train one at a time: pytest pipelines/second --train" in result.stderr.str()
    assert shop.run("--train", "--co", "pipelines/first").ret == 0


def test_options_are_checked_at_once(shop):
    for args, said in (
        (["--ftgate-target", "best"], "allowed: base, champion, candidate"),
        (["--ftgate-target", "candidate"], "--ftgate-target candidate needs --train"),
        (["--train", "--ftgate-target", "base"], "--train tests the trained candidate"),
        (["--train", "--ftgate-engine", "openai"], "--ftgate-engine openai needs --ftgate-base-url URL"),
        (["--train", "--ftgate-base-url", "http://127.0.0.1:9/v1"], "needs --ftgate-model NAME"),
        (["--ftgate-engine", "onnx"], "allowed: transformers"),
        (["--ftgate-leak", "drop-all"], "allowed: error, strict, drop-row, drop-case"),
        (["--ftgate-concurrency", "0"], "from 1 to 4096"),
        (["--ftgate-start-limit", "soon"], "expected a whole number of seconds from 1 to 86400"),
    ):
        result = shop.run(*args)
        assert result.ret == 4
        assert said in result.stderr.str(), args


MIXED = '[{ file = "train.jsonl", weight = 2 }, "more.jsonl"]\ngeneral = "general.jsonl"\ngeneral_share = 0.1'


def test_every_file_of_a_mix_is_checked_and_compared_with_the_goldens(shop):
    """A golden case in the general file, and a broken row in the second one, by the names that the user knows."""
    written = PIPELINE.replace('"train.jsonl"', MIXED)
    shop.write("pipelines/mail/pipeline.toml", written)
    shop.write("pipelines/mail/more.jsonl", rows(*range(400, 410)))
    shop.write("pipelines/mail/general.jsonl", rows(500, 7, *range(501, 520)))
    result = shop.run("--train", "goldens/mail")
    assert result.ret == 11
    result.stdout.fnmatch_lines(["*pipelines/mail/general.jsonl:2*"])
    shop.write("pipelines/mail/more.jsonl", rows(*range(400, 410)) + "{broken\n")
    result = shop.run("pipelines/mail")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*pipelines/mail/more.jsonl:11*"])
