"""`python leakage_join.py CLIENT GOLDENS ROWS` -> JSON: CPU seconds, of the index and all; peak MiB; pairs found.

A pair is (golden, line); goldens and rows are objects with `input`, and some with `expected`.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

PERMUTATIONS, THRESHOLD, BATCH, BANDS = 128, 0.5, 1000, 32
Data = Mapping[str, str]
Pairs = Iterator[tuple[int, int]]
Join = Callable[[Iterable[Data]], Pairs]


def objects(path: str) -> Iterator[Data]:
    """The lines of a JSON Lines file."""
    with Path(path).open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def text_of(row: Data) -> str:
    """All text of a row."""
    return "\n".join(row.values())


def datasketch(goldens: list[Data]) -> Join:
    """As in datasketch's README: a word at a time, then a query for each row."""
    from datasketch import MinHash, MinHashLSH

    def minhash(text: str) -> MinHash:
        made = MinHash(num_perm=PERMUTATIONS)
        for word in set(text.split()):
            made.update(word.encode())
        return made

    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    for number, golden in enumerate(goldens):
        index.insert(number, minhash(golden["input"]))

    def join(rows: Iterable[Data]) -> Pairs:
        for line, row in enumerate(rows):
            yield from ((number, line) for number in index.query(minhash(text_of(row))))

    return join


def bulk(goldens: list[Data]) -> Join:
    """`MinHash.bulk` of a thousand rows at a time."""
    from datasketch import MinHash, MinHashLSH

    def words(texts: Iterable[str]) -> list[list[bytes]]:
        return [[word.encode() for word in set(text.split())] for text in texts]

    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    inputs = words(golden["input"] for golden in goldens)
    for number, made in enumerate(MinHash.bulk(inputs, num_perm=PERMUTATIONS)):
        index.insert(number, made)

    def join(rows: Iterable[Data]) -> Pairs:
        left, line = iter(rows), 0
        while some := list(islice(left, BATCH)):
            for made in MinHash.bulk(words(map(text_of, some)), num_perm=PERMUTATIONS):
                yield from ((number, line) for number in index.query(made))
                line += 1

    return join


def rensa(goldens: list[Data]) -> Join:
    """rensa's MinHash and index, both in Rust."""
    from rensa import RMinHash, RMinHashLSH

    def minhash(text: str) -> RMinHash:
        made = RMinHash(num_perm=PERMUTATIONS, seed=42)
        made.update(list(set(text.split())))
        return made

    index = RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=BANDS)
    for number, golden in enumerate(goldens):
        index.insert(number, minhash(golden["input"]))

    def join(rows: Iterable[Data]) -> Pairs:
        for line, row in enumerate(rows):
            yield from ((number, line) for number in index.query(minhash(text_of(row))))

    return join


def ftgate(goldens: list[Data]) -> Join:
    """All our stages, with the self-test before and the report behind."""
    from pytest_ftgate.data.near.rows import Row
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.leakage.check import Scan

    scan = Scan([Case(str(number), golden["input"], None) for number, golden in enumerate(goldens)])

    def join(rows: Iterable[Data]) -> Pairs:
        report = scan.report(Row("rows", line, row) for line, row in enumerate(rows))
        return ((int(leak.golden_id), leak.line) for leak in report.found)

    return join


def unfiltered(goldens: list[Data]) -> Join:
    """Every row through every stage, without the filter before them; no user can ask for that."""
    from pytest_ftgate.data.near.normalized import goldens_of
    from pytest_ftgate.data.near.rows import Row
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.leakage.index import Index

    cases = [Case(str(number), golden["input"], None) for number, golden in enumerate(goldens)]
    index = Index(goldens_of(cases), prefiltered=False)

    def join(rows: Iterable[Data]) -> Pairs:
        numbered = (Row("rows", line, row) for line, row in enumerate(rows))
        while some := list(islice(numbered, BATCH)):
            yield from ((int(leak.golden_id), leak.line) for _, leaks in index.find(some) for leak in leaks)

    return join


CLIENTS: dict[str, Callable[[list[Data]], Join]] = {
    "ftgate": ftgate,
    "unfiltered": unfiltered,
    "datasketch": datasketch,
    "bulk": bulk,
    "rensa": rensa,
}


def peak_mib() -> float:
    """Of this process alone: what `getrusage` tells begins with the memory of the process that started it."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def main() -> None:
    """Join and tell."""
    client, goldens, rows = sys.argv[1:]
    held = list(objects(goldens))
    list(CLIENTS[client](held[:2])(held[2:4]))  # imports are not what is measured
    begun = time.process_time()
    join = CLIENTS[client](held)
    indexed = time.process_time()
    found = sorted(set(join(objects(rows))))
    ended = time.process_time()
    peak = peak_mib()
    print(json.dumps({"index": indexed - begun, "rows": ended - indexed, "peak": peak, "found": found}))


if __name__ == "__main__":
    main()
