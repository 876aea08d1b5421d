"""`python leakage_decon.py GOLDENS ROWS` -> the JSON of `leakage_join`, of AI2's decon (`decontaminate` on PyPI).

It reads folders and writes a report: both are made here, and are no part of its time. One thread, as the others have;
its own thresholds, for questions without answers. The index is what a run over one row takes.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import decon


def write(path: Path, lines: Iterable[object]) -> None:
    """One JSON value a line, in a folder of its own."""
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


def question(number: int, text: str) -> dict[str, object]:
    """A golden as decon's reference files have it."""
    own = {"eval_key": "goldens", "eval_instance_index": number, "doc_id": number, "split": "test"}
    return {**own, "question": text, "answer": "", "passage": "", "fingerprint": str(number), "is_correct": True}


def seconds(folder: Path, rows: str) -> float:
    """CPU seconds of one run."""
    config = decon.Config(
        training_dir=str(folder / rows),
        evals_dir=str(folder / "evals"),
        report_output_dir=str(folder / "reports" / rows),
        worker_threads=1,
        index_answers=False,
        index_passages=False,
    )
    begun = time.process_time()
    decon.detect(config)
    return time.process_time() - begun


def found(folder: Path) -> Iterable[tuple[int, int]]:
    """The pairs of its report."""
    for path in folder.rglob("*.jsonl"):
        for line in path.read_text("utf-8").splitlines():
            match = json.loads(line)
            yield match["eval_instance_index"], match["training_line"]


def peak_mib() -> float:
    """Of this process alone: what `getrusage` tells begins with the memory of the process that started it."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def main() -> None:
    """Join and tell."""
    read = (Path(path).read_text("utf-8").splitlines() for path in sys.argv[1:])
    goldens, rows = ([json.loads(line) for line in lines] for lines in read)
    texts = [{"text": "\n".join(row.values())} for row in rows]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "evals" / "goldens-1.jsonl", (question(n, each["input"]) for n, each in enumerate(goldens)))
        write(folder / "one" / "rows.jsonl", texts[-1:])
        write(folder / "all" / "rows.jsonl", texts)
        index, whole = seconds(folder, "one"), seconds(folder, "all")
        pairs = sorted(set(found(folder / "reports" / "all")))
    peak = peak_mib()
    print("\n" + json.dumps({"index": index, "rows": whole - index, "peak": peak, "found": pairs}))


if __name__ == "__main__":
    main()
