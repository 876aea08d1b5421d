"""`pipelines/x/pipeline.toml::data[duplicates]`: the checks of a pipeline's data as items, with --train and without."""

from __future__ import annotations

import gzip
import json
import random
import xml.etree.ElementTree as ET
from importlib import import_module

import pytest

from tests.projects import json_lines, lock, pipeline_toml, write_model

PIPELINE = pipeline_toml("mail")
CHECKS = [
    "schema",
    "keys",
    "method",
    "validation",
    "texts",
    "answers",
    "turns",
    "short",
    "truncated",
    "duplicates",
    "near",
    "contradictions",
    "mislabelled",
]
HERE = "pipelines/mail/pipeline.toml"


def words(number: int, seed: int) -> str:
    draw = random.Random(seed)
    return " ".join("".join(draw.choices("abcdefghijklmnop", k=6)) for _ in range(number))


def row(seed: int) -> dict[str, str]:
    return {"input": words(9, seed), "expected": "yes" if seed % 2 else "no"}


@pytest.fixture
def shop(project):
    """A pipeline whose 500 training and 20 validation rows are clean, and the golden set that gates it."""
    project.locked("mail", [{"id": f"c{n}", "input": words(9, 9000 + n), "expected": "yes"} for n in range(5)])
    project.write(HERE, PIPELINE)
    project.write("pipelines/mail/train.jsonl", json_lines(map(row, range(500))))
    project.write("pipelines/mail/validation.jsonl", json_lines(map(row, range(500, 520))))
    write_model(project.path / "pipelines/mail/model")
    return project


def spoil(shop, *rows) -> None:
    """More training rows, from line 501 on."""
    with (shop.path / "pipelines/mail/train.jsonl").open("a") as file:
        file.write(json_lines(rows))


def collected(result) -> list[str]:
    return [line.partition("::")[2] for line in result.outlines if "::" in line]


def test_each_check_is_an_item_where_the_pipeline_is_named_and_nowhere_else(shop):
    for given in (HERE, "pipelines/mail", "pipelines"):
        names = collected(shop.run(given, "--co", "-q"))
        assert names[: len(CHECKS)] == [f"data[{check}]" for check in CHECKS]
        assert {"data[format]", "data[coverage]", "data[pii]", "data[secrets]"} <= set(names)
        assert not [name for name in names if not name.startswith("data[")], "no stage, no case"
    for nothing in ([], ["."], ["goldens"]):
        assert not [name for name in collected(shop.run("--co", "-q", *nothing)) if name.startswith("data[")]
    assert not (shop.path / ".ftgate").exists(), "collecting reads no row"


def test_a_pipeline_outside_the_configured_folders_is_checked_when_named(shop):
    (shop.path / "pipelines").rename(shop.path / "elsewhere")
    assert "data[duplicates]" in collected(shop.run("elsewhere/mail", "--co", "-q"))
    assert "data[duplicates]" in collected(shop.run("elsewhere/mail/pipeline.toml", "--co", "-q"))


def test_clean_data_pass_and_are_told_in_a_line(shop):
    result = shop.run(HERE)
    assert result.ret == 0, result.stdout.str()
    outcomes = result.parseoutcomes()
    assert outcomes["skipped"] == 1, "there is no tokenizer here to count with"
    assert set(outcomes) == {"passed", "skipped"}
    found = outcomes["passed"]
    result.stdout.fnmatch_lines([f"mail: 520 rows of data, {found} of {found + 1} checks found nothing"])
    result.stdout.fnmatch_lines(["  truncated *skipped *model: contains no tokenizer*"])


def test_validation_rows_that_cannot_be_graded_fail_before_anything_is_asked(shop):
    rows = [
        {"text": words(20, 1)},
        {"prompt": words(9, 2), "completion": "yes", "label": False},
        {"prompt": words(9, 3), "chosen": "yes", "rejected": "no"},
    ]
    with (shop.path / "pipelines/mail/validation.jsonl").open("a") as file:
        file.write(json_lines(rows))
    result = shop.run(HERE, "-k", "validation")
    assert result.ret == 1
    validation = "pipelines/mail/validation.jsonl"
    result.stdout.fnmatch_lines(
        [
            "mail: validation: 3 found in the data",
            f"  {validation}:21 (a text alone)",
            f"  {validation}:22 (label false (KTO))",
            f"  {validation}:23 (chosen and rejected instead of one answer)",
            "to do: validation asks and grades*",
        ]
    )
    result.stdout.no_fnmatch_line("*makes it a warning*")


def test_what_training_refuses_cannot_be_allowed(shop):
    for name in ("schema", "method", "validation"):
        shop.write(HERE, PIPELINE + f'allow = ["{name}"]\n')
        result = shop.run(HERE, "-k", "pii")
        result.stdout.fnmatch_lines(
            [f"*data.allow: training refuses what is found by the check '{name}'", "*allowed: *"]
        )
        assert result.ret != 0


def test_an_error_fails_its_item_with_places_and_what_to_do(shop):
    spoil(shop, row(3), {"input": "write to ann@birch.org", "expected": "yes"}, {"input": "x"}, *map(row, range(4, 16)))
    result = shop.run(HERE)
    assert result.ret == 1
    assert result.parseoutcomes()["failed"] == 3
    train = "pipelines/mail/train.jsonl"
    result.stdout.fnmatch_lines(
        [
            "mail: duplicates: 13 found in the data",
            f"  {train}:501 (duplicate of {train}:4)",
            f"  {train}:504 (duplicate of {train}:5)",
            "  and 3 more",
            "to do: keep one of each*",
            f'  or, in {HERE}: [[]data[]] allow = [[]"duplicates"[]] makes it a warning',
        ]
    )
    result.stdout.fnmatch_lines([f"  {train}:503 (unknown row format*"])
    result.stdout.fnmatch_lines([f"FAILED {HERE}::data[[]pii[]] - mail: pii: 1 found in the data"])
    result.stdout.no_fnmatch_line("*ann@birch.org*")
    result.stdout.no_fnmatch_line("*Traceback*")


def test_what_is_allowed_is_a_warning_in_the_summary(shop):
    spoil(shop, row(3))
    shop.write(HERE, PIPELINE + 'allow = ["duplicates"]\n')
    result = shop.run(HERE)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["  duplicates *warning *1 found: *train.jsonl:501 (duplicate of *; keep one of each*"])


def test_a_golden_set_with_tools_and_rows_without_are_one_warning(shop):
    tools = '[[request.tools]]\ntype = "function"\nfunction = { name = "lookup" }\n'
    shop.locked("mail", [{"id": f"c{n}", "input": words(9, 9000 + n), "expected": "yes"} for n in range(5)], tools)
    result = shop.run(HERE)
    assert result.ret == 0
    told = "tools (0 of 500 rows have tools; 5 of 5 golden cases do)"
    result.stdout.fnmatch_lines([f"  coverage *warning *1 found: {told}*"])


def test_an_unknown_check_in_allow_is_a_collection_error_with_its_line(shop):
    for name in ("duplicate", "nothing"):
        shop.write(HERE, PIPELINE + f'allow = ["{name}"]\n')
        result = shop.run(HERE)
        assert result.ret == 2
        result.stdout.fnmatch_lines([f"*{HERE}:8: data.allow: unknown check '{name}'", "*allowed: keys, *pii*"])


def test_training_ends_before_anything_is_spent_and_all_faults_are_told(shop):
    spoil(shop, row(3), {"input": "write to ann@birch.org", "expected": "yes"})
    result = shop.run("--train", "-v")
    assert result.ret == 1, result.stdout.str()
    result.assert_outcomes(failed=2, passed=result.parseoutcomes()["passed"], skipped=1)
    result.stdout.fnmatch_lines(
        ["*data[[]duplicates[]] FAILED*", "*data[[]pii[]] FAILED*", "*data[[]secrets[]] PASSED*"]
    )
    result.stdout.fnmatch_lines(["*mail: the data failed their checks; nothing was trained*"])
    result.stdout.no_fnmatch_line("*::leakage *")
    kept = [
        file.name for file in (shop.path / ".ftgate").rglob("*") if file.is_file() and file.parent.name != "running"
    ]
    assert sorted(kept) == [".gitignore", "audit.jsonl", "report.html", "run.json", "seal.key"]


def test_training_goes_on_to_the_leakage_check_after_warnings(shop):
    """Which then finds the golden that was planted."""
    spoil(shop, row(3), {"input": words(9, 9002), "expected": "yes"})
    shop.write(HERE, PIPELINE + 'allow = ["duplicates"]\n')
    result = shop.run("--train")
    assert result.ret == 11, result.stdout.str()
    result.stdout.fnmatch_lines(["mail: 522 rows of data, *", "  duplicates *warning *", "INTEGRITY mail: *"])


def test_the_files_are_read_once_for_all_checks_and_the_log_says_so(shop, monkeypatch):
    read = []
    module = import_module(
        "pytest_ftgate.data.readers.reader"
    )  # that of sys.modules: an earlier run in this process may have left another
    reader = module.read_records
    monkeypatch.setattr(module, "read_records", lambda path, *more: [read.append(path.name), *reader(path, *more)][1:])
    result = shop.run(HERE)
    assert result.ret == 0, result.stdout.str()
    assert read == ["train.jsonl", "validation.jsonl"]
    [line] = (shop.path / ".ftgate/audit.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["kind"], entry["task"], entry["what"]["for"]) == ("data", "mail", "data checks")


def test_columns_of_other_names_in_a_compressed_file_are_checked_as_rows(shop):
    """And where no row can be read, no check passes."""
    train = shop.path / "pipelines/mail/train.jsonl"
    rows = [{"Frage": words(9, seed), "Antwort": "yes" if seed % 2 else "no"} for seed in range(500)]
    (train.parent / "train.jsonl.gz").write_bytes(gzip.compress(json_lines(rows).encode()))
    text = shop.path.joinpath(HERE).read_text().replace("train.jsonl", "train.jsonl.gz")
    shop.write(HERE, f'{text}\n[data.columns]\ninput = "Frage"\nexpected = "Antwort"\n')
    result = shop.run(HERE)
    assert result.ret == 0, result.stdout.str()
    shop.write("pipelines/mail/validation.jsonl", json_lines(rows[:3]).replace("Frage", "Frag"))
    (train.parent / "train.jsonl.gz").write_bytes(b"no gzip")
    result = shop.run(HERE)
    result.stdout.fnmatch_lines(["*train.jsonl.gz (cannot read training data: damaged*"])
    result.stdout.fnmatch_lines(
        ["*unknown row format; found keys: 'Frag', 'expected'; nearest: input + expected; rename*"]
    )
    assert result.parseoutcomes().keys() == {"failed", "skipped"}


def test_rows_are_held_against_the_counts_of_the_golden_set(shop):
    """Which wants JSON with a label, and has a slice that no row names."""
    settings = '[[grader]]\nkind = "json_fields"\n[label]\npath = "label"\nvalues = ["yes", "no"]\n'
    case = {"id": "c1", "input": words(9, 9001), "expected": {"label": "no"}, "slices": {"lang": "de"}}
    shop.locked("mail", [case], settings)
    result = shop.run(HERE, "-k", "format or coverage")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["mail: format: 520 found in the data", "  *train.jsonl:1 (not valid JSON, not one of the labels)"]
    )
    result.stdout.fnmatch_lines(
        ["  coverage *2 found: label=no (no rows; 1 golden cases), slice lang (not set in any row*"]
    )
    shop.write("goldens/mail/cases.jsonl", "{")
    result = shop.run(HERE, "-k", "format")
    result.stdout.fnmatch_lines(["  format *skipped *golden sets not checked: *cases.jsonl:1: is not valid JSON*"])


def test_perplexity_is_a_check_only_where_the_pipeline_asks_for_it(shop):
    assert "data[perplexity]" not in collected(shop.run(HERE, "--co", "-q"))
    shop.write(HERE, PIPELINE + "perplexity = 50\n")
    assert "data[perplexity]" in collected(shop.run(HERE, "--co", "-q"))
    result = shop.run(HERE, "-k", "perplexity")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*pipelines/mail/model: contains no tokenizer*"])


@pytest.mark.parametrize("given", [[HERE, "-k", "duplicates"], [f"{HERE}::data[duplicates]"]])
def test_one_check_alone(shop, given):
    spoil(shop, row(3), {"input": "write to ann@birch.org", "expected": "yes"})
    result = shop.run(*given)
    assert result.ret == 1
    result.assert_outcomes(failed=1, deselected=result.parseoutcomes().get("deselected", 0))


def test_only_rows_that_are_trained_are_looked_at(shop):
    spoil(shop, row(3))
    shop.write(HERE, PIPELINE + "max_rows = 500\n")
    assert shop.run(HERE).ret == 0
    shop.write(HERE, PIPELINE + "max_rows = 190\n")
    result = shop.run(HERE)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["  190 rows"])


def test_a_file_that_is_missing_is_told_once(shop):
    (shop.path / "pipelines/mail/validation.jsonl").unlink()
    result = shop.run(HERE)
    assert result.ret == 1
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 1
    result.stdout.fnmatch_lines([f"{HERE}:7: data.validation: *validation.jsonl not found"])


def test_junit_has_each_check(shop):
    spoil(shop, row(3))
    shop.run(HERE, "--junitxml=out.xml")
    cases = {case.get("name"): case for case in ET.parse(shop.path / "out.xml").iter("testcase")}
    assert cases["data[duplicates]"].find("failure") is not None
    assert cases["data[near]"].find("failure") is None
    told = json.loads(cases["data[duplicates]"].find("properties/property").get("value"))
    assert (told["task"], told["check"], told["level"], told["rows"]) == ("mail", "duplicates", "error", 521)


def test_under_xdist_one_worker_reads_the_files(shop):
    spoil(shop, row(3))
    result = shop.pytester.runpytest_subprocess("-n", "2", HERE)
    assert result.ret == 1, result.stdout.str()
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["mail: 521 rows of data, *", "  duplicates *ERROR *1 found: *"])
    assert len((shop.path / ".ftgate/audit.jsonl").read_text().splitlines()) == 1


def test_rows_are_counted_in_tokens_as_they_are_trained(shop):
    """In the golden set's own prompt: its system turn of 60 words stands before each row."""
    small_tokenizer(shop.path / "pipelines/mail/model")
    shop.write(HERE, PIPELINE + "[train]\nmax_length = 60\n")
    lock(shop.write("goldens/mail/golden.toml", f'[prompt]\nsystem = "{words(60, 1)}"\n'))
    result = shop.pytester.runpytest_subprocess(HERE, "-k", "truncated")
    assert result.ret == 1, result.stdout.str()
    result.stdout.fnmatch_lines(
        ["mail: truncated: 520 found in the data", "  pipelines/mail/train.jsonl:1 (7[0-9] tokens)"]
    )


def small_tokenizer(folder) -> None:
    """Words as tokens, in a chat template of one line a turn."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    inner = Tokenizer(models.WordLevel({"?": 0, "<end>": 1}, unk_token="?"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.save(str(folder / "tokenizer.json"))
    template = "{% for m in messages %}{{ m.role }} {{ m.content }}\n{% endfor %}"
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": template, "unk_token": "?"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
