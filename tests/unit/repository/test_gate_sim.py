"""The simulation of the gate: its generator, its decisions, and the numbers that the documentation shows."""

from __future__ import annotations

import re
from math import sqrt

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import multinomial

from bench.gate_sim.generator import BASELINE, CHAMPION, draw, latent_correlation, outcome_chances
from bench.gate_sim.policies import OURS, POLICIES, SHOWN, USUAL, champion_status, promoted
from bench.gate_sim.simulate import SETS, SIZES, Cell, simulate
from bench.gate_sim.tables import BEGIN, END, put_into
from pytest_ftgate.metrics.paired import mcnemar_midp, tango_bounds
from tests.repository import ROOT

WRITTEN = (ROOT / "bench/gate-sim.md").read_text(encoding="utf-8")
DESIGN = {  # points of the design's table, in percent, for n = 50, 100, 200, 500
    (OURS, "-5"): (2.6, 3.5, 1.0, 0.4),
    (OURS, "+5"): (49, 82, 90, 100),
    ("not significantly worse", "-5"): (93, 84, 67, 27),
}


def written(n: int, discordance: float = 0.16) -> dict[str, dict[str, float]]:
    """True difference -> policy -> percent, as bench/gate-sim.md has it."""
    section = WRITTEN.split(f"## n = {n}, discordance {discordance:g}\n")[1].split("\n## ")[0]
    head, _, *rows = [line.strip("| ").split(" | ") for line in section.strip().splitlines()]
    return {row[0]: dict(zip(head[1:], map(float, row[1:]), strict=True)) for row in rows}


@pytest.mark.parametrize(("discordance", "phi"), [(0.16, 0.5), (0.08, 0.75), (0.24, 0.25)])
def test_the_models_are_as_good_and_as_alike_as_said(discordance, phi):
    chances = outcome_chances(0.0, discordance).reshape(2, 2, 2)
    candidate, champion, base = (chances.sum(axis=axes)[1] for axes in ((1, 2), (0, 2), (0, 1)))
    assert (candidate, champion, base) == pytest.approx((CHAMPION, CHAMPION, BASELINE))
    both = chances.sum(axis=2)
    assert both[0, 1] + both[1, 0] == pytest.approx(discordance)
    assert (both[1, 1] - 0.64) / 0.16 == pytest.approx(phi)


def latent_answers(rng, n, sets, difference, discordance):
    """Right or wrong of candidate, champion and base, case by case, as the docstring of the generator tells it."""
    rho = latent_correlation(discordance)
    difficulty = rng.standard_normal((sets, n))
    for p in (CHAMPION + difference, CHAMPION, BASELINE):
        yield sqrt(rho) * difficulty + sqrt(1 - rho) * rng.standard_normal((sets, n)) < ndtri(p)


@pytest.mark.parametrize("difference", [-0.05, 0.05])
def test_ours_is_what_cases_drawn_one_by_one_and_plain_formulas_give(difference):
    """Another generator (no integral), and the rule of the design written out (no check)."""
    n, sets = 100, 4000
    candidate, champion, base = latent_answers(np.random.default_rng(1), n, sets, difference, 0.16)
    b, c = (candidate & ~champion).sum(axis=1), (champion & ~candidate).sum(axis=1)
    b_base, c_base = (candidate & ~base).sum(axis=1), (base & ~candidate).sum(axis=1)
    passed = [
        x >= y and tango_bounds(int(x), int(y), n)[0] > -0.05 and mcnemar_midp(int(z), int(w)) <= 0.05
        for x, y, z, w in zip(b, c, b_base, c_base, strict=True)
    ]
    expected = simulate(Cell(0.16, n, round(100 * difference)), 20_000)[OURS]
    assert np.mean(passed) == pytest.approx(expected, abs=4 * sqrt(expected * (1 - expected) / sets))


@pytest.mark.parametrize("points", [-5, 0, 5])
def test_shares_are_those_of_exact_enumeration(points):
    """Every (b, c) of 50 cases with its exact chance, against the simulated share of 20,000 sets."""
    n, chances = 50, outcome_chances(points / 100, 0.16).reshape(2, 2, 2).sum(axis=2)
    tables = [(b, c) for b in range(n + 1) for c in range(n + 1 - b)]
    b, c = np.array(tables).T
    weights = multinomial.pmf(
        np.stack([b, c, n - b - c], axis=1), n, [chances[1, 0], chances[0, 1], 1 - chances[1, 0] - chances[0, 1]]
    )
    found = simulate(Cell(0.16, n, points))
    likely = weights > 1e-9
    for name, rule in USUAL.items():
        exact = sum(
            w for w, (x, y) in zip(weights[likely], np.array(tables)[likely], strict=True) if rule(n, int(x), int(y))
        )
        assert found[name] == pytest.approx(exact, abs=0.001 + 4 * sqrt(exact * abs(1 - exact) / SETS)), name


def test_the_check_decides_and_not_a_copy_of_it(monkeypatch):
    from bench.gate_sim import policies

    champion_status.cache_clear()
    monkeypatch.setattr(policies, "champion_check", lambda *_, **__: policies.CheckResult("champion", "hold"))
    assert not promoted(draw(np.random.default_rng(1), 50, 200, 0.1, 0.16))[OURS].any()
    monkeypatch.undo()
    champion_status.cache_clear()
    assert promoted(draw(np.random.default_rng(1), 50, 200, 0.1, 0.16))[OURS].any()


def test_the_file_holds_what_the_tool_computes():
    for cell in (Cell(0.16, 100, -5), Cell(0.24, 50, 3)):
        row = written(cell.n, cell.discordance)[f"{cell.points:+d}"]
        found = simulate(cell)
        assert set(row) == {*POLICIES, "HOLD", "REJECT"} == set(found)
        assert row == pytest.approx({name: 100 * share for name, share in found.items()}, abs=0.7)


def test_ours_keeps_its_promises():
    for n in SIZES:
        for points in range(-10, -4):
            assert written(n)[str(points)][OURS] <= 5, (n, points)
        for discordance in (0.08, 0.24):
            assert written(n, discordance)["-5"][OURS] <= 5, (n, discordance)
    assert all(written(n)["+5"][OURS] >= 78 for n in SIZES if n >= 100)


def test_the_table_is_the_one_of_the_design():
    for (name, points), percents in DESIGN.items():
        found = [written(n)[points][name] for n in SIZES]
        assert found == pytest.approx(percents, abs=1.2), (name, points)
    assert all(45 <= written(n)["-5"]["at most 5 points less"] <= 56 for n in SIZES)


def test_the_page_shows_the_table_and_the_plot_of_the_tool():
    page = (ROOT / "docs/explanation/gate.md").read_text(encoding="utf-8")
    table = page.split(BEGIN)[1].split(END)[0].strip()
    assert table in WRITTEN
    assert all(name in table for name in SHOWN)
    for row in table.splitlines()[2:]:
        name, *cells = row.replace("*", "").strip("| ").split(" | ")
        exact = [written(n)[points][name] for points in ("-5", "+5") for n in SIZES]
        assert [float(cell.lstrip("<")) for cell in cells] == pytest.approx(exact, abs=0.51)
    assert "(gate-sim.png)" in page
    assert (ROOT / "docs/explanation/gate-sim.png").samefile(ROOT / "bench/gate-sim.png")
    assert (ROOT / "bench/gate-sim.png").read_bytes().startswith(b"\x89PNG")


def test_the_table_goes_between_the_markers_and_nowhere_else(tmp_path):
    file = tmp_path / "README.md"
    file.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    put_into(file, ["new"])
    assert file.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    file.write_text("no markers")
    with pytest.raises(ValueError, match=re.escape("has no <!-- gate-sim: begin")):
        put_into(file, ["new"])
