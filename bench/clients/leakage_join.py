"""`python leakage_join.py CLIENT GOLDENS ROWS` -> JSON: CPU seconds, peak MiB, and the (golden, line) pairs found."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

PERMUTATIONS, THRESHOLD, BATCH, BANDS = 128, 0.5, 1000, 32
Pairs = Iterator[tuple[int, int]]


def texts(path: str) -> Iterator[str]:
    """The inputs of a JSON Lines file."""
    with Path(path).open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["input"]


def datasketch(goldens: list[str], rows: Iterable[str]) -> Pairs:
    """As in datasketch's README: a word at a time, then a query for each row."""
    from datasketch import MinHash, MinHashLSH

    def minhash(text: str) -> MinHash:
        made = MinHash(num_perm=PERMUTATIONS)
        for word in set(text.split()):
            made.update(word.encode())
        return made

    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    for number, text in enumerate(goldens):
        index.insert(number, minhash(text))
    for line, text in enumerate(rows):
        yield from ((number, line) for number in index.query(minhash(text)))


def bulk(goldens: list[str], rows: Iterable[str]) -> Pairs:
    """`MinHash.bulk` of a thousand rows at a time."""
    from datasketch import MinHash, MinHashLSH

    def words(texts: list[str]) -> list[list[bytes]]:
        return [[word.encode() for word in set(text.split())] for text in texts]

    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    for number, made in enumerate(MinHash.bulk(words(goldens), num_perm=PERMUTATIONS)):
        index.insert(number, made)
    left, line = iter(rows), 0
    while some := list(islice(left, BATCH)):
        for made in MinHash.bulk(words(some), num_perm=PERMUTATIONS):
            yield from ((number, line) for number in index.query(made))
            line += 1


def rensa(goldens: list[str], rows: Iterable[str]) -> Pairs:
    """rensa's MinHash and index, both in Rust."""
    from rensa import RMinHash, RMinHashLSH

    def minhash(text: str) -> RMinHash:
        made = RMinHash(num_perm=PERMUTATIONS, seed=42)
        made.update(list(set(text.split())))
        return made

    index = RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=BANDS)
    for number, text in enumerate(goldens):
        index.insert(number, minhash(text))
    for line, text in enumerate(rows):
        yield from ((number, line) for number in index.query(minhash(text)))


def ftgate(goldens: list[str], rows: Iterable[str]) -> Pairs:
    """All our stages, with the self-test before and the report behind."""
    from pytest_ftgate.data.near.rows import Row
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.leakage.check import find_leaks

    cases = [Case(str(number), text, None) for number, text in enumerate(goldens)]
    report = find_leaks(cases, (Row("rows", line, {"input": text}) for line, text in enumerate(rows)))
    return ((int(leak.golden_id), leak.line) for leak in report.found)


def unfiltered(goldens: list[str], rows: Iterable[str]) -> Pairs:
    """Every row through every stage, without the filter before them; no user can ask for that."""
    from pytest_ftgate.data.near.normalized import goldens_of
    from pytest_ftgate.data.near.rows import Row
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.leakage.index import Index

    index = Index(goldens_of([Case(str(n), text, None) for n, text in enumerate(goldens)]), prefiltered=False)
    numbered = (Row("rows", line, {"input": text}) for line, text in enumerate(rows))
    while some := list(islice(numbered, BATCH)):
        yield from ((int(leak.golden_id), leak.line) for _, leaks in index.find(some) for leak in leaks)


CLIENTS: dict[str, Callable[[list[str], Iterable[str]], Pairs]] = {
    "ftgate": ftgate,
    "unfiltered": unfiltered,
    "datasketch": datasketch,
    "bulk": bulk,
    "rensa": rensa,
}


def main() -> None:
    """Join and tell."""
    client, goldens, rows = sys.argv[1:]
    held = list(texts(goldens))
    list(CLIENTS[client](held[:2], held[2:4]))  # imports are not what is measured
    begun = time.process_time()
    found = sorted(set(CLIENTS[client](held, texts(rows))))
    seconds = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "found": found}))


if __name__ == "__main__":
    main()
