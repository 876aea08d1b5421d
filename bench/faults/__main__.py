"""`python -m bench.faults`: real runs against servers that do anything; prints what each did not survive.

A run survives if it ends by itself with the right exit code, no traceback, and every case judged as it should be. Takes
three minutes: one run for all answers, one for each address and each list of models, one whose server dies. Exit code 1
if one did not survive.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from bench.faults.bodies import plain
from bench.faults.starts import ADDRESSES, LISTS
from bench.faults.streams import streamed
from bench.faults.survival import answers, death, start
from bench.faults.wire import FaultyServer


def addresses() -> Iterator[tuple[str, str]]:
    for name, (url, works) in ADDRESSES.items():
        with FaultyServer() as server:
            yield f"address: {name}", start(url.format(address=server.address), server, works)


def lists() -> Iterator[tuple[str, str]]:
    for name, (models, works) in LISTS.items():
        with FaultyServer(models=models) as server:
            yield f"GET /models: {name}", start(server.base_url, server, works)


def deaths() -> Iterator[tuple[str, str]]:
    yield "server that dies after 200 of 2,000 cases", death()


def main() -> int:
    tried = survived = 0
    for kind in (answers([*plain(), *streamed()]), addresses(), lists(), deaths()):
        for name, why in kind:
            tried, survived = tried + 1, survived + (not why)
            if why:
                print(f"  {name}: {why}", flush=True)
    print(f"survived {survived} / {tried} tried")
    return 0 if survived == tried else 1


if __name__ == "__main__":
    sys.exit(main())
