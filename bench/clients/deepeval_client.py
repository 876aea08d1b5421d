"""deepeval: answers by an openai client with the same window, then evaluate(). python FILE CASES BASE_URL IN_FLIGHT"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import openai
from deepeval import evaluate
from deepeval.evaluate.configs import AsyncConfig, CacheConfig, DisplayConfig
from deepeval.metrics import ExactMatchMetric
from deepeval.test_case import LLMTestCase


async def answers(rows: list[dict[str, Any]], base_url: str, in_flight: int) -> list[str]:
    window = asyncio.Semaphore(in_flight)
    async with openai.AsyncOpenAI(base_url=base_url, api_key="none") as client:

        async def ask(row: dict[str, Any]) -> str:
            messages: Any = [{"role": "user", "content": row["input"]}]
            async with window:
                answer = await client.chat.completions.create(
                    model="mock", messages=messages, max_tokens=16, temperature=0.0, seed=0
                )
            return (answer.choices[0].message.content or "").strip()

        return await asyncio.gather(*map(ask, rows))


def main(cases_path: str, base_url: str, in_flight: int) -> None:
    rows = [json.loads(line) for line in Path(cases_path).read_text(encoding="utf-8").splitlines()]
    said = asyncio.run(answers(rows, base_url, in_flight))
    cases = [
        LLMTestCase(input=row["input"], actual_output=text, expected_output=row["expected"], name=row["id"])
        for row, text in zip(rows, said, strict=True)
    ]
    result = evaluate(
        cases,
        [ExactMatchMetric()],
        async_config=AsyncConfig(run_async=True, max_concurrent=in_flight, throttle_value=0),
        display_config=DisplayConfig(show_indicator=False, print_results=False),
        cache_config=CacheConfig(write_cache=False, use_cache=False),
    )
    print(f"{sum(bool(one.success) for one in result.test_results)} passed")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
