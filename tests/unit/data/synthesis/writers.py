"""A model that writes training rows: deterministic, and as new or as repetitive as a test wants."""

from __future__ import annotations

import hashlib
import json
import random
import re
from typing import Any

from tests.messages_server import text_of

WORDS = [
    "river",
    "lamp",
    "engine",
    "violin",
    "cloud",
    "basket",
    "mirror",
    "anchor",
    "pepper",
    "window",
    "ladder",
    "compass",
    "butter",
    "thunder",
    "marble",
    "ticket",
]
SPAM, HAM = '{"label": "spam"}', '{"label": "ham"}'


def sentence(seed: object, words: int = 9) -> str:
    draw = random.Random(str(seed))
    return " ".join(draw.choice(WORDS) + draw.choice("abcdefghij") + draw.choice("klmnopqrst") for _ in range(words))


def wanted(body: dict[str, Any]) -> tuple[int, str]:
    """How many rows are asked for, and with which answer ("" if any)."""
    found = re.search(r"Write (\d+) new examples?(?:, each with the answer (.*))?\.\n", text_of(body))
    return int(found[1]), json.loads(found[2]) if found[2] else ""


def writer(field: str = "text"):
    """reply(body) -> new rows as asked for; the same for the same text."""

    def reply(body: dict[str, Any]) -> dict[str, Any]:
        count, label = wanted(body)
        mark = hashlib.sha256(text_of(body).encode()).hexdigest()
        return {
            "rows": [
                {field: sentence(f"{mark}{n}"), "answer": label or sentence(f"a{mark}{n}", 12)} for n in range(count)
            ]
        }

    return reply


def spam_rows(number: int = 40) -> list[dict[str, Any]]:
    labels = ("spam", "ham")
    return [{"input": {"text": sentence(f"seed {n}")}, "expected": {"label": labels[n % 2]}} for n in range(number)]
