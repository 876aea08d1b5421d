"""Shares of all cells -> Markdown: the summary for -5 and +5 points, and one table for each size and discordance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.gate_sim.generator import BASELINE, CHAMPION, DISCORDANCES
from bench.gate_sim.policies import OURS, POLICIES, SHOWN, USUAL
from bench.gate_sim.simulate import POINTS, SIZES, Cell, Shares
from pytest_ftgate.evaluate.lock import default_delta

BEGIN, END = "<!-- gate-sim: begin (written by `make gate-sim`) -->", "<!-- gate-sim: end -->"
TOLD = (-5, 5)
"""True differences of the summary, in points."""

Row = Sequence[str]


def summary(shares: Shares, discordance: float, policies: Sequence[str] = SHOWN) -> list[str]:
    """The table for -5 and +5 points: a line for each policy, a column for each size."""
    head = ["promoted, % of golden sets", *(f"{points:+d}, n = {n}" for points in TOLD for n in SIZES)]
    rows = [
        [name, *(_percent(shares[Cell(discordance, n, points)][name]) for points in TOLD for n in SIZES)]
        for name in policies
    ]
    return list(_table(head, [[f"**{cell}**" for cell in row] if row[0] == OURS else row for row in rows]))


def document(shares: Shares, sets: int, seed: int, picture: str) -> str:
    """The whole of bench/gate-sim.md."""
    return "\n".join([*_introduction(sets, seed, picture), *_summaries(shares), *_full(shares)]) + "\n"


def put_into(path: Path, lines: Sequence[str]) -> None:
    """Replace what stands between the markers of a file. Raises ValueError if it has none."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path} has no {BEGIN} ... {END} to put the table between")
    path.write_text("\n".join([before + BEGIN, *lines, END]) + after, encoding="utf-8")


def _introduction(sets: int, seed: int, picture: str) -> Iterator[str]:
    yield "# How often the gate is right"
    yield ""
    yield "Written by `make gate-sim`; edit `bench/gate_sim/`, not this file."
    yield ""
    yield (
        f"Each cell: {sets:,} simulated golden sets (seed {seed}; the standard error of a share is at most "
        f"{100 * (0.25 / sets) ** 0.5:.2f} %). The champion has a true accuracy of {CHAMPION:.2f}, the base model "
        f"{BASELINE:.2f}, the candidate that of the champion and the difference. Cases have one latent difficulty each "
        "(Gaussian copula); its weight is set so that champion and an equally good candidate disagree on the stated "
        f"share of the cases, and kept for all differences. Discordance {DISCORDANCES[0]:g} is a correlation of .50 "
        "between right and wrong."
    )
    yield ""
    yield f"![Promoted golden sets against the true difference]({picture})"
    yield ""
    for name, rule in USUAL.items():
        meaning = rule.__doc__ or ""
        yield f"- **{name}**: {meaning[:1].lower()}{meaning[1:]}"
    margins = ", ".join(f"{100 * default_delta(n):g} for n = {n}" for n in SIZES)
    yield (
        f"- **{OURS}**: the checks `champion` and `baseline` of the gate, called as they are: lower bound of the "
        f"difference above minus the margin (points: {margins}) and point estimate not below 0; "
        "significantly better than the base model. Floors, slices and must-pass cases are left out; they only make it "
        "stricter. HOLD and REJECT are its other verdicts."
    )


def _summaries(shares: Shares) -> Iterator[str]:
    for discordance in sorted(DISCORDANCES, key=lambda d: d != DISCORDANCES[0]):
        yield ""
        yield f"## Truly 5 points worse, truly 5 points better, discordance {discordance:g}"
        yield ""
        yield from summary(shares, discordance)
        if discordance == DISCORDANCES[0]:
            yield ""
            yield '"Not significantly worse" with the one-sided mid-p test in place of the two-sided exact one:'
            yield ""
            yield from summary(shares, discordance, ["not worse by mid-p"])


def _full(shares: Shares) -> Iterator[str]:
    for discordance in DISCORDANCES:
        for n in SIZES:
            yield ""
            yield f"## n = {n}, discordance {discordance:g}"
            yield ""
            head = ["true difference", *POLICIES, "HOLD", "REJECT"]
            rows = (_row(shares[Cell(discordance, n, points)], points, head[1:]) for points in POINTS)
            yield from _table(head, list(rows))


def _row(found: dict[str, float], points: int, names: Sequence[str]) -> list[str]:
    return [f"{points:+d}" if points else "0", *(f"{100 * found[name]:.1f}" for name in names)]


def _table(head: Row, rows: Sequence[Row]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|---|" + "--:|" * (len(head) - 1)
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _percent(share: float) -> str:
    """Two digits that count: "2.7", "49"; "<0.1" rather than a nought that was never shown."""
    percent = 100 * share
    if percent >= 9.95:
        return f"{percent:.0f}"
    return f"{percent:.1f}" if percent >= 0.05 else "<0.1"
