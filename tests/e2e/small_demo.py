"""The demo -> the same loop in two minutes: fewer rows, goldens, general questions and reference answers.

The one place where the demo is made smaller; the tests that need another size or a champion begin from here.
"""

from __future__ import annotations

import json
import re

from tests.e2e.workshop import Workshop

TASK, GENERAL = "goldens/sms_spam", "goldens/general_skills"
PIPELINE = "pipelines/sms_spam/pipeline.toml"
DATA = "pipelines/sms_spam/data"

CASES, QUESTIONS, PANEL = 60, 20, 20
ROWS, EPOCHS, LEARNING_RATE = 60, 2, 2e-3
VALIDATION = 16
FLOOR = 0.6

LAST_TABLES = re.compile(r"^\[(?:forgetting|canary)\]", re.MULTILINE)

TABLES = f"""
[forgetting]
golden = "general_skills"
required = false

[canary]
size = {PANEL}
"""


def shrink(workshop: Workshop) -> None:
    """The demo with 60 goldens, 20 general questions and half a minute of training."""
    workshop.be_patient()
    set_cases(workshop, in_turn(workshop.rows(f"{TASK}/cases.jsonl"))[:CASES])
    questions = workshop.rows(f"{GENERAL}/cases.jsonl")
    workshop.write(f"{GENERAL}/cases.jsonl", questions[:: len(questions) // QUESTIONS][:QUESTIONS])
    workshop.lock(GENERAL)
    workshop.set(f"{TASK}/golden.toml", min=FLOOR)
    workshop.lock(TASK)
    allow_small_data(workshop)
    workshop.set(PIPELINE, max_rows=ROWS, epochs=EPOCHS, learning_rate=LEARNING_RATE)
    set_tables(workshop, TABLES)


def allow_small_data(workshop: Workshop) -> None:
    """Few rows to train and to validate on are no fault."""
    workshop.set(PIPELINE, allow=["pii", "size"])
    validation = f"{DATA}/validation.jsonl"
    workshop.write(validation, in_turn(workshop.rows(validation))[:VALIDATION])


def learn_nothing(workshop: Workshop) -> None:
    """The next training takes four steps of no length; general skills are left alone."""
    allow_small_data(workshop)
    set_tables(workshop, "")
    workshop.set(PIPELINE, max_rows=16, epochs=1, learning_rate=0)


def set_tables(workshop: Workshop, tables: str) -> None:
    """Other tables in place of [forgetting] and [canary], the last ones of the file."""
    file = workshop.path / PIPELINE
    file.write_text(LAST_TABLES.split(file.read_text())[0] + tables)


def in_turn(lines: list[str]) -> list[str]:
    """Spam and ham in turn, so that every beginning is balanced."""
    spam = [line for line in lines if json.loads(line)["expected"]["label"] == "spam"]
    ham = [line for line in lines if json.loads(line)["expected"]["label"] == "ham"]
    return [line for pair in zip(spam, ham, strict=True) for line in pair]


def set_cases(workshop: Workshop, lines: list[str]) -> None:
    """Other cases for the task, locked."""
    workshop.write(f"{TASK}/cases.jsonl", lines)
    workshop.lock(TASK)
