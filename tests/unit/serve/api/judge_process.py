"""`python asking.py URL FOLDER COUNT [batch]`: a run of its own process, that a test kills."""

from __future__ import annotations

import sys
from pathlib import Path

from pytest_ftgate.serve.api.client import open_provider
from pytest_ftgate.serve.api.settings import Settings
from tests.unit.serve.api.questions import PRICES, QUICK, asks_of


def main(url: str, folder: str, count: str, *batch: str) -> None:
    settings = Settings(base_url=url, prices=PRICES, max_tokens=50, poll_s=0.01, api_key_env="JUDGE_KEY")
    with open_provider(settings, Path(folder), QUICK) as provider:
        for said in provider.ask_all(asks_of(settings, int(count)), batch=bool(batch)):
            print(said)


if __name__ == "__main__":
    main(*sys.argv[1:])
