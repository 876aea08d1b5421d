"""Plain pytest and the openai client: one parametrized test for each case, one after the other."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import openai
import pytest

CASES = [json.loads(line) for line in Path(os.environ["BENCH_CASES"]).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="session")
def client() -> openai.OpenAI:
    return openai.OpenAI(base_url=os.environ["BENCH_URL"], api_key="none")


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(client: openai.OpenAI, case: dict[str, Any]) -> None:
    messages: Any = [{"role": "user", "content": case["input"]}]
    answer = client.chat.completions.create(model="mock", messages=messages, max_tokens=16, temperature=0.0, seed=0)
    assert (answer.choices[0].message.content or "").strip() == case["expected"]
