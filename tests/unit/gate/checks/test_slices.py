"""The slices check: no slice of 25 cases or more significantly worse, Holm over all of them."""

import numpy as np
import pytest

from pytest_ftgate.gate.checks.slices import slices_check, slices_of
from pytest_ftgate.gate.verdict import Result
from pytest_ftgate.golden.case import Case
from pytest_ftgate.metrics.holm import holm
from pytest_ftgate.metrics.paired import mcnemar_midp
from tests.unit.gate.checks.paired_results import RIGHT, WRONG


def case(name, **slices):
    return Case(name, "", slices=slices)


def models(**slices):
    """(candidate, reference, slices): for each slice (b, c, n)."""
    candidate, reference, groups = {}, {}, {}
    for name, (b, c, n) in slices.items():
        for i in range(n):
            key = f"{name}-{i}"
            candidate[key] = RIGHT if i < b or i >= b + c else WRONG
            reference[key] = WRONG if i < b else RIGHT
            groups.setdefault(f"lang={name}", []).append(key)
    return candidate, reference, groups


def test_slices_are_named_by_name_and_value():
    cases = [case("a", lang="en", kind="x"), case("b", lang="de", kind="x"), case("c")]
    assert slices_of(cases) == {"lang=en": ["a"], "kind=x": ["a", "b"], "lang=de": ["b"]}


def test_a_slice_of_all_cases_says_nothing_of_its_own():
    assert slices_of([case("a", lang="en"), case("b", lang="en")]) == {}


def test_a_slice_that_broke_rejects_though_the_whole_is_better():
    candidate, reference, slices = models(en=(40, 2, 200), de=(1, 14, 40), fr=(3, 2, 60))
    check = slices_check(candidate, reference, slices)
    assert check.status == "reject"
    p = mcnemar_midp(14, 1)
    assert check.numbers["lang=de p"] == pytest.approx(p)
    assert check.numbers["lang=de p_holm"] == pytest.approx(holm([p, mcnemar_midp(2, 40), mcnemar_midp(2, 3)])[0])
    assert check.reason == (
        f"slices: significantly worse than the champion in 1 of 3: lang=de -32.5 points, Holm p = {3 * p:.2g} "
        "(n = 40, discordant 1 vs 14)"
    )


def test_without_a_broken_slice_it_passes_and_names_the_nearest():
    check = slices_check(*models(en=(4, 2, 200), de=(3, 6, 40)), against="the champion v2")
    assert check.status == "pass"
    assert check.reason.startswith(
        "slices: none of 2 significantly worse than the champion v2; closest lang=de -7.5 points"
    )


def test_holm_forgives_what_one_test_would_not():
    """p = .035 alone, .07 among two."""
    alone = slices_check(*models(de=(1, 6, 40)))
    assert alone.status == "reject"
    assert slices_check(*models(de=(1, 6, 40), en=(3, 3, 100))).status == "pass"


def test_a_slice_below_25_cases_is_listed_and_never_decides():
    check = slices_check(*models(en=(4, 2, 200), de=(0, 24, 24), fr=(2, 0, 10)))
    assert check.status == "pass"
    assert check.reason.endswith("; too small to decide: lang=de -100.0 points (n = 24)")
    assert check.numbers["lang=de gain"] == -1
    assert "lang=de p_holm" not in check.numbers
    assert slices_check(*models(en=(4, 2, 200), de=(0, 25, 25))).status == "reject"


def test_only_small_slices():
    check = slices_check(*models(en=(1, 2, 20), de=(0, 3, 10), fr=(0, 1, 10), it=(0, 2, 10), es=(1, 0, 5)))
    assert check.status == "pass"
    assert check.reason == (
        "slices: not tested, no slice has 25 cases; too small to decide: lang=de -30.0 points (n = 10), "
        "lang=it -20.0 points (n = 10), lang=fr -10.0 points (n = 10), and 1 more"
    )


def test_a_slice_the_champion_was_never_asked_is_left_out():
    candidate, reference, slices = models(en=(4, 2, 200), de=(0, 30, 30))
    known = {key: value for key, value in reference.items() if not key.startswith("de")}
    check = slices_check(candidate, known, slices)
    assert check.status == "pass"
    assert check.numbers["tested"] == 1


def test_graded_slices_are_tested_by_sign_flips():
    rng = np.random.default_rng(8)
    before = {f"{i}": Result(float(value), None) for i, value in enumerate(rng.uniform(0.4, 1, 90))}
    after = {key: Result(result.value - 0.2 * (int(key) < 30), None) for key, result in before.items()}
    slices = {"lang=de": [str(i) for i in range(30)], "lang=en": [str(i) for i in range(30, 90)]}
    assert slices_check(after, before, slices).status == "reject"
    assert slices_check(before, after, slices).status == "pass"
    assert slices_check(before, before, slices).status == "pass"


def test_unchanged_slices_are_rejected_at_most_5_percent_of_the_time():
    """Eight slices of 40 cases, discordance .16: "any slice dropped" would block nearly every release."""
    rng, runs = np.random.default_rng(4), 600
    blocked = naive = 0
    for _ in range(runs):
        tables = rng.multinomial(40, [0.08, 0.08, 0.84], size=8)
        check = slices_check(*models(**{f"s{i}": (int(b), int(c), 40) for i, (b, c, _) in enumerate(tables)}))
        blocked += check.status == "reject"
        naive += any(c > b for b, c, _ in tables)
    assert blocked / runs <= 0.05
    assert naive / runs > 0.9
