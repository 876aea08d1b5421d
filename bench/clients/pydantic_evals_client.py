"""pydantic-evals: Dataset.evaluate with its own EqualsExpected. python FILE CASES BASE_URL IN_FLIGHT"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import openai
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected


async def main(cases_path: str, base_url: str, in_flight: int) -> None:
    rows = [json.loads(line) for line in Path(cases_path).read_text(encoding="utf-8").splitlines()]
    cases = [Case(name=row["id"], inputs=row["input"], expected_output=row["expected"]) for row in rows]
    dataset: Any = Dataset(name="bench", cases=cases, evaluators=[EqualsExpected()])
    client = openai.AsyncOpenAI(base_url=base_url, api_key="none")

    async def ask(text: str) -> str:
        messages: Any = [{"role": "user", "content": text}]
        answer = await client.chat.completions.create(
            model="mock", messages=messages, max_tokens=16, temperature=0.0, seed=0
        )
        return (answer.choices[0].message.content or "").strip()

    report = await dataset.evaluate(ask, max_concurrency=in_flight, progress=False)
    averages = report.averages()
    print(f"{round(averages.assertions * len(report.cases))} passed")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
