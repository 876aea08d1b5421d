"""Arguments -> bench/gate-sim.md, its plot, and the table of docs/explanation/gate.md; all cells simulated anew."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from bench.gate_sim.generator import DISCORDANCES
from bench.gate_sim.plot import draw_plot
from bench.gate_sim.simulate import SEED, SETS, simulate_all
from bench.gate_sim.tables import document, put_into, summary

HERE = Path(__file__).parents[1]
PAGE = HERE.parent / "docs/explanation/gate.md"


def main() -> None:
    """Simulate, write, and print the summary."""
    args = _arguments()
    begun = time.monotonic()
    shares = simulate_all(args.sets, args.seed, args.processes)
    picture = args.out / "gate-sim.png"
    draw_plot(shares, DISCORDANCES[0], picture)
    text = document(shares, args.sets, args.seed, picture.name)
    (args.out / "gate-sim.md").write_text(text, encoding="utf-8")
    lines = summary(shares, DISCORDANCES[0])
    if args.page:
        put_into(PAGE, lines)
    print("\n".join(lines))
    print(f"{len(shares)} cells of {args.sets:,} golden sets in {time.monotonic() - begun:.0f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.gate_sim", description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=SETS, help=f"golden sets in each cell (default {SETS:,})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"default {SEED}")
    parser.add_argument("--processes", type=int, default=2, help="default 2")
    parser.add_argument("--out", type=Path, default=HERE, metavar="DIR", help="where the files go (default bench/)")
    parser.add_argument("--no-page", dest="page", action="store_false", help="leave the page as it is")
    return parser.parse_args()


if __name__ == "__main__":
    main()
