"""The HTML report: how long it takes to write, how big it is, how soon Chromium shows it, from a file.

Three models, answers of 300 characters of which a third are the same as the candidate's and a third begin like it.
"""

from __future__ import annotations

import os
import random
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.machine import machine
from bench.table import BUSY, README
from pytest_ftgate.evaluate.records.record import CaseRecord, Facts, Record
from pytest_ftgate.evaluate.records.store import RecordStore
from pytest_ftgate.graders.value import Grade
from pytest_ftgate.pipeline.report.html.cases.table import Table, made_table
from pytest_ftgate.pipeline.report.html.document import document
from pytest_ftgate.pipeline.report.html.models import read_models
from pytest_ftgate.pipeline.report.run_report import RunReport
from pytest_ftgate.pipeline.report.sides import Side
from pytest_ftgate.serve.response import Response
from tests.chromium_here import Chromium

BEGIN, END = "<!-- report: begin (written by `make bench-report`) -->", "<!-- report: end -->"
SIZES = (100, 1_000, 10_000)
CHARACTERS = 300
"""Of an answer."""
LANGUAGES = ("de", "en", "fr", "ja")


def words(coin: random.Random) -> list[str]:
    """A vocabulary whose words are as long, and as unequally frequent, as those of a language."""
    letters = "etaoinshrdlucmfwyp"
    return ["".join(coin.choices(letters, range(18, 0, -1), k=coin.randint(2, 9))) for _ in range(6_000)]


class Texts:
    """Answers of three models: as of fine-tunes of one base, most are alike."""

    def __init__(self, seed: int) -> None:
        self._coin = random.Random(seed)
        self._words = words(self._coin)
        self._weights = [1 / (place + 3) for place in range(len(self._words))]

    def some(self, characters: int) -> str:
        """A text of about so many."""
        return " ".join(self._coin.choices(self._words, self._weights, k=characters // 6))[:characters]

    def like(self, text: str) -> str:
        """The same, another part of it, or something else."""
        kind = self._coin.random()
        if kind < 0.3:
            return text
        return self.some(CHARACTERS) if kind > 0.6 else text[: CHARACTERS // 2] + self.some(CHARACTERS // 2)

    def passes(self, share: float) -> bool:
        """A coin."""
        return self._coin.random() < share


def cases(texts: Texts, count: int) -> Iterator[tuple[CaseRecord, dict[str, str]]]:
    """Each case, and what base model and champion answered."""
    for number in range(count):
        text, passed = texts.some(CHARACTERS), texts.passes(0.85)
        reason = "found as expected" if passed else f"found {text[:60]!r}, expected {texts.some(40)!r}"
        answer = Response(str(number), "", text, prompt_tokens=120, completion_tokens=60, total_s=0.412)
        yield (
            CaseRecord(
                f"case-{number:05}",
                f"{number:064x}",
                "",
                number + 1,
                texts.some(120),
                texts.some(40),
                (answer,),
                Grade(float(passed), reason, "exact@1", passed),
                slices={"lang": LANGUAGES[number % 4]},
            ),
            {role: texts.like(text) for role in ("baseline", "champion")},
        )


def stored(folder: Path, count: int, seed: int = 0) -> tuple[RecordStore, RunReport]:
    """A state folder with one run of so many cases."""
    texts, store = Texts(seed), RecordStore(folder)
    run = store.new_run()
    made = list(cases(texts, count))
    facts = Facts(
        set="tickets",
        path="goldens/tickets/cases.jsonl",
        model="m",
        title="candidate of tickets",
        digest="d",
        run=run,
        cases=count,
        n=count,
        lines=count,
    )
    store.write(Record(facts, tuple(case for case, _ in made)))
    sides = []
    for role, title in (("baseline", "base model"), ("champion", "champion v7")):
        kept = {}
        for case, others in made:
            passed = texts.passes(0.5 if role == "baseline" else 0.8)
            kept[case.id] = {"value": float(passed), "passed": passed, "text": others[role]}
        file = Side("tickets", role, title, kept).write(store.folder / run)
        sides.append({"set": "tickets", "role": role, "title": title, "file": file})
    pipeline = {"task": "tickets", "base": "base", "goldens": ["tickets"], "general": None, "champion": 7}
    pipeline |= {"seconds": {}, "lineage": {}, "leaks": [], "sides": sides}
    return store, RunReport(run=run, at=time.time(), seconds=60, code=0, train=True, pipelines=[pipeline])


def written(store: RecordStore, report: RunReport, path: Path) -> tuple[Table, float]:
    """The page, and the seconds it took from the records."""
    begun = time.perf_counter()
    path.write_text(document(store, report), encoding="utf-8")
    seconds = time.perf_counter() - begun
    return made_table(read_models(store, report), report), seconds


SEARCH = """(() => { const field = document.getElementById("cases-search"); field.value = "%s";
  window.begun = performance.now(); field.dispatchEvent(new Event("input"));
  new MutationObserver((_, all) => { window.took = performance.now() - window.begun; all.disconnect(); })
    .observe(document.querySelector(".cases-table tbody"), { childList: true }); })()"""


def seen(path: Path, folder: Path) -> dict[str, float]:
    """Milliseconds in Chromium from the start of the navigation; of a search, its wait of 150 ms included."""
    with Chromium(folder) as browser:
        for _ in range(2):  # the first start of a browser reads its own files
            browser.open("about:blank")
            browser.open(path.as_uri())
            browser.wait("document.getElementById('cases')?.dataset.ready === '1'")
        paint = browser.value("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        first, ready = (
            browser.value(f"performance.getEntriesByName('cases-{name}')[0].startTime") for name in ("first", "ready")
        )
        browser.value(SEARCH % "case-00123")
        browser.wait("window.took > 0")
        return {"paint": paint, "first": first, "ready": ready, "search": browser.value("window.took")}


def lines(sizes: Sequence[int], folder: Path) -> Iterator[str]:
    """Of the table."""
    busy = " (**a busy machine**)" if os.getloadavg()[0] > BUSY * (os.cpu_count() or 1) + 1 else ""
    yield f"{machine()}. {datetime.now(UTC):%Y-%m-%d}, load average {os.getloadavg()[0]:.1f}{busy}."
    yield ""
    yield "| cases | texts | file | written in | first paint | first 100 cases | all cases | a search |"
    yield "|--:|--:|--:|--:|--:|--:|--:|--:|"
    for count in sizes:
        here = folder / str(count)
        here.mkdir()
        store, report = stored(here / "state", count)
        table, seconds = written(store, report, here / "report.html")
        times = seen(here / "report.html", here)
        texts = sum(len(row["q"]) + len(row["e"]) + sum(len(each["t"]) for each in row["a"]) for row in table.rows)
        size = (here / "report.html").stat().st_size
        spent = " | ".join(f"{times[name]:.0f} ms" for name in ("paint", "first", "ready", "search"))
        yield f"| {len(table.rows):,} | {texts / 1e6:.1f} MB | {size / 1e6:.2f} MB | {seconds:.1f} s | {spent} |"


def main() -> None:
    """Print the table; put it into bench/README.md."""
    with tempfile.TemporaryDirectory() as name:
        text = "\n".join(lines(SIZES, Path(name)))
    print(text)
    old = README.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
    README.write_text(pattern.sub(lambda _: f"{BEGIN}\n{text}\n{END}", old), encoding="utf-8")


if __name__ == "__main__":
    main()
