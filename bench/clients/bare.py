"""A bare aiohttp client: the least that can be done. python bare.py CASES BASE_URL IN_FLIGHT [MODEL]"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp


async def main(cases_path: str, base_url: str, in_flight: int, model: str = "mock") -> None:
    lines = Path(cases_path).read_text(encoding="utf-8").splitlines()
    waiting = iter([json.loads(line) for line in lines])
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"Authorization": f"Bearer {os.environ.get('FTGATE_API_KEY', 'none')}"}
    limits = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=limits) as session:
        passed = await asyncio.gather(*(work(waiting, session, base_url, model) for _ in range(in_flight)))
    print(f"{sum(passed)} passed")


async def work(waiting: Any, session: aiohttp.ClientSession, base_url: str, model: str) -> int:
    passed = 0
    for case in waiting:
        messages = [{"role": "user", "content": case["input"]}]
        body = {"model": model, "messages": messages, "max_tokens": 16, "temperature": 0.0, "seed": 0}
        async with session.post(f"{base_url}/chat/completions", json=body) as reply:
            answer = await reply.json()
        passed += answer["choices"][0]["message"]["content"].strip() == case["expected"]
    return passed


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:]))
