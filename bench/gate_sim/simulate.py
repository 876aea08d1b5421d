"""(sizes, true differences, discordance) -> share of sets on which each policy promotes; seeded, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from bench.gate_sim.generator import DISCORDANCES, draw
from bench.gate_sim.policies import promoted, verdicts

SIZES = (50, 100, 200, 500)
POINTS = tuple(range(-10, 11))
SETS = 20_000
SEED = 4


@dataclass(frozen=True, order=True, slots=True)
class Cell:
    """One situation: discordance, a share; cases; true difference candidate - champion in points."""

    discordance: float
    n: int
    points: int


Shares = dict[Cell, dict[str, float]]
"""Share of a cell's golden sets on which each policy promotes; "HOLD", "REJECT": the gate's other verdicts."""


def simulate(cell: Cell, sets: int = SETS, seed: int = SEED) -> dict[str, float]:
    """Shares of one cell; the same whatever else is simulated, since each cell has a seed of its own."""
    rng = np.random.default_rng([seed, round(1000 * cell.discordance), cell.n, cell.points + 100])
    tables = draw(rng, cell.n, sets, cell.points / 100, cell.discordance)
    kinds = verdicts(tables)
    others = {kind: float(np.mean(kinds == kind)) for kind in ("HOLD", "REJECT")}
    return {name: float(np.mean(done)) for name, done in promoted(tables).items()} | others


def cells(sizes: Iterable[int] = SIZES) -> Iterator[Cell]:
    """All situations of the tables."""
    for n in sizes:
        for discordance in DISCORDANCES:
            yield from (Cell(discordance, n, points) for points in POINTS)


def _all_of(n: int, sets: int, seed: int) -> Shares:
    """One process decides all tables of one size: what it has decided once, it remembers."""
    return {cell: simulate(cell, sets, seed) for cell in cells([n])}


def simulate_all(sets: int = SETS, seed: int = SEED, processes: int = 2) -> Shares:
    """All cells, the large sizes first, as they take longest."""
    found: Shares = {}
    with ProcessPoolExecutor(processes) as pool:
        for done in [pool.submit(_all_of, n, sets, seed) for n in sorted(SIZES, reverse=True)]:
            found |= done.result()
    return found
