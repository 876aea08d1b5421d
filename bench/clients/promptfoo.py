"""cases.jsonl -> promptfooconfig.json in the working directory. python promptfoo.py CASES BASE_URL IN_FLIGHT"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def config(cases_path: str, base_url: str, in_flight: int) -> dict[str, object]:
    rows = map(json.loads, Path(cases_path).read_text(encoding="utf-8").splitlines())
    request = {"apiBaseUrl": base_url, "apiKey": "none", "max_tokens": 16, "temperature": 0, "seed": 0}
    return {
        "prompts": ["{{text}}"],
        "providers": [{"id": "openai:chat:mock", "config": request}],
        "evaluateOptions": {"maxConcurrency": in_flight, "cache": False, "showProgressBar": False},
        "tests": [
            {"vars": {"text": row["input"]}, "assert": [{"type": "equals", "value": row["expected"]}]} for row in rows
        ],
    }


if __name__ == "__main__":
    made = config(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    Path("promptfooconfig.json").write_text(json.dumps(made), encoding="utf-8")
