"""`ftgate data generate` with the real SDK against a local server: rows, copies, leaks, faults and sources."""

from __future__ import annotations

import io
import json
import re
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.data.readers.reader import read_rows
from pytest_ftgate.data.readers.synthetic import is_unreviewed
from pytest_ftgate.data.synthesis.prompt import prompts_digest
from tests.messages_server import CUT_OFF, REFUSAL, Fault, MessagesServer
from tests.projects import write_pipeline, write_rows
from tests.unit.cli.data_generate.conftest import GOLDENS
from tests.unit.data.synthesis.writers import HAM, SPAM, sentence, spam_rows, wanted, writer

QUICK = (Fault(429, "slow down", {"Retry-After": "0.01"}), Fault(529, "Overloaded", {"Retry-After": "0.01"}))


def labels(rows) -> Counter[str]:
    return Counter(row["expected"]["label"] for row in rows)


def test_rows_have_the_form_of_the_seeds_and_are_marked(generate):
    with MessagesServer(writer()) as server:
        code, told, rows = generate(server, "--about", "Sort short messages.")
    assert code == 0
    assert labels(rows) == {"spam": 10, "ham": 10}
    assert len({row["id"] for row in rows}) == 20
    for row in rows:
        assert (row["synthetic"], row["review"]) == (True, "unreviewed")
        assert row["source"]["model"] == "claude-haiku-5-5"
        assert row["source"]["prompt"] == prompts_digest()[:16]
        assert set(row["source"]["seeds"]) <= set(range(1, 41))
        assert len(row["source"]["ask"]) == 40
    assert all(is_unreviewed(row.extras) for row in read_rows(Path("new.jsonl")))
    assert "40 seeds from train.jsonl" in told.out
    assert "new.jsonl: 20 of 20 rows, unreviewed" in told.out
    assert "next: ftgate data review new.jsonl" in told.out
    assert all(body["tools"][0]["strict"] for body in server.requests)
    assert "Sort short messages." in json.dumps(server.requests[0]["system"])


def test_copies_near_copies_wrong_labels_and_empty_ones_are_dropped_and_counted(generate):
    seeds = spam_rows()
    once = threading.Lock()

    def reply(body):
        _, label = wanted(body)
        good = writer()(body)["rows"]
        if not once.acquire(blocking=False):
            return {"rows": good}
        copies = [
            seeds[0]["input"]["text"].upper(),
            seeds[1]["input"]["text"] + " ok",
            good[0]["text"],
            good[1]["text"] + "!",
            " ",
        ]
        other = HAM if label == SPAM else SPAM
        return {
            "rows": [
                *good,
                *({"text": text, "answer": label} for text in copies),
                {"text": sentence("odd"), "answer": other},
            ]
        }

    with MessagesServer(reply) as server:
        code, told, rows = generate(server)
    assert (code, len(rows)) == (0, 20)
    assert "dropped: 2 duplicate, 1 empty, 2 near, 1 wrong label" in told.out
    texts = [row["input"]["text"] for row in rows]
    assert len(set(texts)) == 20
    assert not set(texts) & {seed["input"]["text"] for seed in seeds}


def test_goldens_are_never_shown_and_what_resembles_them_is_dropped(generate, folder):
    leaked = GOLDENS[3]["input"]["text"]
    write_rows(folder / "train.jsonl", [*spam_rows(), {"input": {"text": leaked}, "expected": {"label": "spam"}}])
    pasted = threading.Lock()

    def reply(body):
        rows = writer()(body)["rows"]
        if pasted.acquire(blocking=False):
            rows[0]["text"] = GOLDENS[0]["input"]["text"]
            rows[1]["text"] = f"so {GOLDENS[1]['input']['text']} and so on {sentence('tail')}"
        return {"rows": rows}

    with MessagesServer(reply) as server:
        code, told, rows = generate(server, count=60)
    assert (code, len(rows)) == (0, 60)
    assert "40 seeds from train.jsonl" in told.out
    assert "dropped: 1 overlap with a golden case" in told.out
    assert "dropped: 2 golden" in told.out
    sent, made = json.dumps(server.requests), json.dumps(rows)
    assert not [golden for golden in GOLDENS if golden["input"]["text"] in sent + made]


@pytest.mark.parametrize("source", ["goldens/sms/cases.jsonl", "goldens/sms/golden.toml"])
def test_a_golden_set_is_no_seed(generate, source):
    with MessagesServer(writer()) as server:
        code, told, _ = generate(server, source=source)
    assert code == 2
    assert "is a golden set: rows generated from it would leak" in told.err
    assert not server.requests


def test_without_a_golden_set_to_compare_with_nothing_is_asked(generate, folder):
    with MessagesServer(writer()) as server:
        code, told, _ = generate(server, "--goldens", "elsewhere")
    assert (code, server.requests) == (2, [])
    assert "elsewhere: not found" in told.err


def test_faults_refusals_and_cut_off_answers_cost_no_row(generate):
    kinds = iter([*QUICK, None, REFUSAL, None, CUT_OFF, *QUICK])
    with MessagesServer(writer(), lambda text, attempt: next(kinds, None)) as server:
        code, told, rows = generate(server, count=40)
    assert (code, len(rows), labels(rows)) == (0, 40, {"spam": 20, "ham": 20})
    assert "without an answer: 1 invalid, 1 refused" in told.out
    assert "rate_limited" in told.out
    assert max(server.answered.values()) == 1, "nothing answered is asked twice"


def test_a_model_that_repeats_itself_ends_the_rounds(generate):
    with MessagesServer(lambda body: {"rows": [{"text": sentence("same"), "answer": wanted(body)[1]}]}) as server:
        code, told, rows = generate(server, count=10)
    assert (code, len(rows)) == (10, 1)
    assert "the model repeats itself" in told.out


def test_a_pipeline_gives_its_training_rows_and_the_audit_log_says_so(generate, folder):
    pipeline = folder / "pipelines" / "sms"
    for name in ("train", "validation"):
        write_rows(pipeline / f"{name}.jsonl", [row | {"notes": name} for row in spam_rows()])
    write_pipeline(pipeline, "sms", model="m")
    with MessagesServer(writer()) as server:
        for source in ("sms", "pipelines/sms", "pipelines/sms/pipeline.toml"):
            code, told, rows = generate(server, source=source)
            assert (code, len(rows)) == (0, 20)
            assert "40 seeds from" in told.out
            assert "train.jsonl" in told.out
        assert max(server.seen.values()) == 1
    logged = [json.loads(line) for line in Path(".ftgate/audit.jsonl").read_text().splitlines()]
    assert [(line["kind"], line["task"], line["what"]["for"]) for line in logged] == [("data", "sms", "generate")] * 3
    code, told, _ = generate(server, source="nothing")
    assert (code, "not a pipeline in pipelines/ and not a file" in told.err) == (2, True)


def test_free_answers_and_plain_texts(generate, folder):
    write_rows(
        folder / "qa.jsonl", [{"input": f"{sentence(n)}?", "expected": sentence(f"answer {n}", 12)} for n in range(9)]
    )
    with MessagesServer(writer("question")) as server:
        code, _, rows = generate(server, source="qa.jsonl")
    assert (code, len(rows)) == (0, 20)
    assert all(isinstance(row["input"], str) and isinstance(row["expected"], str) for row in rows)


def test_no_key_for_anthropic_is_told_before_anything_is_sent(folder, capsys):
    assert main(["data", "generate", "train.jsonl", "--count", "5", "--budget", "1", "--out", "new.jsonl"]) == 2
    assert "ANTHROPIC_API_KEY is not set" in capsys.readouterr().err


def test_a_person_reviews_them_and_then_they_train(generate, monkeypatch, capsys):
    with MessagesServer(writer()) as server:
        generate(server, count=4)
    monkeypatch.setattr(sys, "stdin", io.StringIO("a\na\nr\na\n"))
    assert main(["data", "review", "new.jsonl", "--by", "ann"]) == 0
    reviewed = list(read_rows(Path("new.reviewed.jsonl")))
    assert [is_unreviewed(row.extras) for row in reviewed] == [False] * 3


def test_batches_cost_half_and_give_the_same_rows(generate, folder):
    with MessagesServer(writer()) as server:
        code, told, rows = generate(server, "--batch", "--state-dir", "batched")
        assert code == 0
        assert len(server.batches.created) == 1
        assert not server.requests, "nothing was sent outside the batch"
        Path("new.jsonl").unlink()
        _, dear, same = generate(server)
    assert same == rows
    cost, full = (float(re.search(r"\$([\d.]+) of \$1 in all", text.out)[1]) for text in (told, dear))
    assert cost == pytest.approx(full / 2, abs=2e-4)
