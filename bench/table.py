"""Results -> Markdown, put between the markers of bench/README.md."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.machine import machine
from bench.peers import BARE, CLIENTS_IN_ORDER, IN_FLIGHT, OURS
from bench.process import Run
from bench.startup import Startup

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- results: begin (written by `make bench`) -->", "<!-- results: end -->"
BUSY = 0.5
"""Load average per core from which a measurement is said to be taken on a busy machine."""


@dataclass(frozen=True, slots=True)
class Results:
    """Medians by client name. peers: by delay in ms. sizes: by (number of cases, delay in ms). reasons: why not."""

    peers: Mapping[float, Mapping[str, Run]]
    sizes: Mapping[tuple[int, float], Mapping[str, Run]]
    startup: Startup | None
    versions: Mapping[str, str]
    reasons: Mapping[str, str]
    cases: int
    rounds: int


def write_results(results: Results, *, write: bool) -> None:
    """Print them; put them into bench/README.md."""
    text = "\n".join(_lines(results))
    print(text)
    if write:
        old = README.read_text(encoding="utf-8")
        pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
        README.write_text(pattern.sub(lambda _: f"{BEGIN}\n{text}\n{END}", old), encoding="utf-8")


def _lines(results: Results) -> Iterator[str]:
    yield f"{machine()}."
    yield f"{datetime.now(UTC):%Y-%m-%d}, {_load(results)}, medians of {results.rounds} alternating rounds."
    yield ""
    yield from _peers(results)
    if results.sizes:
        yield ""
        yield from _figures(results)


def _load(results: Results) -> str:
    loads = [run.load for by_name in results.peers.values() for run in by_name.values()]
    load = sum(loads) / max(1, len(loads))
    busy = load > BUSY * (os.cpu_count() or 1) + 1
    return f"load average {load:.1f}" + (" (**a busy machine: only ratios count**)" if busy else "")


def _peers(results: Results) -> Iterator[str]:
    delays = list(results.peers)
    heads = [f"{delay:g} ms: {what}" for delay in delays for what in ("wall", "x bare", "CPU")]
    yield f"{results.cases:,} cases, {IN_FLIGHT} in flight:"
    yield ""
    yield f"| client | {' | '.join(heads)} | asking at 50 ms | peak memory | versions |"
    yield "|---|" + "--:|" * (len(heads) + 2) + "---|"
    for client in CLIENTS_IN_ORDER:
        if all(client.name in results.peers[delay] for delay in delays):
            yield _row(results, client.name, client.title)
    for name, reason in results.reasons.items():
        yield f"\n{name} is missing: {reason.splitlines()[0]}"


def _row(results: Results, name: str, title: str) -> str:
    cells: list[str] = []
    for by_name in results.peers.values():
        bare = by_name.get(BARE.name)
        run = by_name[name]
        times = f"{run.wall_s / bare.wall_s:.2f}" if bare else "-"
        cells += [f"{run.wall_s:.2f} s", times, f"{run.cpu_s:.2f} s"]
    last = list(results.peers.values())[-1][name]
    cells += [f"{last.asked_s:.2f} s", f"{last.rss_mb:.0f} MB"]
    return f"| {title} | {' | '.join(cells)} | {results.versions.get(name, '')} |"


def _figures(results: Results) -> Iterator[str]:
    yield "| figure | measured | wanted |"
    yield "|---|--:|--:|"
    for title, measured, wanted in _all_figures(results):
        yield f"| {title} | {measured} | {wanted} |"


def _all_figures(results: Results) -> Iterator[tuple[str, str, str]]:
    first = results.peers[50.0]
    if BARE.name in first and OURS.name in first:
        yield f"wall, {results.cases:,} cases at 50 ms, x bare", _times(first), "<= 1.3"
    yield "wall, 10,000 cases at 50 ms, x bare", _times(results.sizes[10_000, 50.0]), "<= 1.15"
    peers = [run.wall_s for name, run in first.items() if name not in (BARE.name, OURS.name)]
    if peers and OURS.name in first:
        yield "fastest peer at 50 ms, x ours", f"{min(peers) / first[OURS.name].wall_s:.2f}", ">= 3"
    for delay in (0.0, 50.0):
        by_name = results.sizes[10_000, delay]
        beyond = (by_name[OURS.name].cpu_s - by_name[BARE.name].cpu_s) / 10_000 * 1000
        yield (
            f"CPU beyond bare, start-up included, 10,000 cases at {delay:g} ms",
            f"{beyond:.2f} ms a case",
            "<= 0.6 ms",
        )
    small, large = results.sizes[4_000, 0.0][OURS.name], results.sizes[8_000, 0.0][OURS.name]
    yield "8,000 cases, x 4,000: CPU", f"{large.cpu_s / small.cpu_s:.2f}", "<= 2.2"
    yield "8,000 cases, x 4,000: wall", f"{large.wall_s / small.wall_s:.2f}", "<= 2.2"
    huge = results.sizes[100_000, 0.0]
    yield "100,000 cases at 0 ms", f"{huge[OURS.name].wall_s:.1f} s", "< 75 s"
    yield "the same, CPU (bare client)", f"{huge[OURS.name].cpu_s:.1f} s ({huge[BARE.name].cpu_s:.1f} s)", ""
    yield "the same, peak memory", f"{huge[OURS.name].rss_mb:.0f} MB", "< 700 MB"
    if results.startup:
        yield "start-up, golden set selected", f"+{results.startup.goldens:.3f} CPU s", "<= 0.3 CPU s"
        yield "start-up, none selected", f"{results.startup.idle:+.3f} CPU s", "<= 0.03 CPU s"


def _times(by_name: Mapping[str, Run]) -> str:
    return f"{by_name[OURS.name].wall_s / by_name[BARE.name].wall_s:.2f}"
