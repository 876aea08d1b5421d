"""Shares of one discordance -> a PNG: promoted golden sets against the true difference, a panel for each size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.gate_sim.policies import OURS, SHOWN
from bench.gate_sim.simulate import POINTS, SIZES, Cell, Shares

# Okabe and Ito's colours, told apart by every kind of colour vision; line style and marker tell them apart in print.
LOOKS: dict[str, dict[str, Any]] = {
    "scores at least as much": {"color": "#E69F00", "linestyle": "--", "marker": "s"},
    "at most 5 points less": {"color": "#D55E00", "linestyle": "-", "marker": "^"},
    "not significantly worse": {"color": "#CC79A7", "linestyle": "-.", "marker": "v"},
    "significantly better": {"color": "#009E73", "linestyle": ":", "marker": "D"},
    OURS: {"color": "#0072B2", "linestyle": "-", "marker": "o", "linewidth": 3.0},
}


def draw_plot(shares: Shares, discordance: float, path: Path) -> None:
    """Write the picture; the same shares give the same bytes with the same matplotlib."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7.6), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    for axis, n in zip(axes.flat, SIZES, strict=True):
        _panel(axis, shares, discordance, n)
    for axis in axes[1]:
        axis.set_xlabel("true difference: candidate - champion (points of accuracy)")
    for axis in axes[:, 0]:
        axis.set_ylabel("promoted (% of golden sets)")
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside upper center", ncols=len(labels), frameon=False)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _panel(axis: Any, shares: Shares, discordance: float, n: int) -> None:
    axis.axvspan(POINTS[0], 0, color="#000000", alpha=0.05, linewidth=0)
    axis.axvline(0, color="#888888", linewidth=0.8)
    for name in SHOWN:
        values = [100 * shares[Cell(discordance, n, points)][name] for points in POINTS]
        look = {"linewidth": 1.6, "markersize": 4.5, "markevery": 5, "label": name} | LOOKS[name]
        axis.plot(POINTS, values, **look, zorder=3 if name == OURS else 2)
    axis.set_title(f"{n} cases")
    axis.set_xlim(POINTS[0], POINTS[-1])
    axis.set_ylim(-2, 102)
    axis.set_xticks(range(-10, 11, 5), ["-10", "-5", "0", "+5", "+10"])
    axis.set_yticks(range(0, 101, 25))
    axis.grid(color="#DDDDDD", linewidth=0.6)
    axis.text(-9.6, 97, "truly worse", fontsize=9, color="#555555", va="top")
    axis.text(9.6, 3, "truly better", fontsize=9, color="#555555", ha="right")
