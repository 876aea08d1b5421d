"""The table of cards."""

from __future__ import annotations

import pytest

from pytest_ftgate.train.estimate.speed import tabled
from pytest_ftgate.train.tuning import Tuning


@pytest.mark.parametrize(
    "card", ["Tesla T4", "NVIDIA GeForce RTX 4090", "NVIDIA A100-SXM4-80GB", "NVIDIA H100 80GB HBM3"]
)
def test_usual_cards_are_known(card):
    assert 100 < tabled(card, 8 * 10**9, Tuning()) < 20_000


def test_the_longer_name_is_meant():
    assert (
        tabled("NVIDIA L40S", 10**9, Tuning())
        > tabled("NVIDIA L40", 10**9, Tuning())
        > tabled("NVIDIA L4", 10**9, Tuning())
    )
    assert tabled("NVIDIA A10G", 10**9, Tuning()) < tabled("NVIDIA A10", 10**9, Tuning())
    assert tabled("NVIDIA H100 PCIe", 10**9, Tuning()) < tabled("NVIDIA H100 80GB HBM3", 10**9, Tuning())


def test_other_cards_and_models_without_weights_are_not():
    assert tabled("AMD Instinct MI300X", 10**9, Tuning()) == 0
    assert tabled("Tesla T4", 0, Tuning()) == 0


@pytest.mark.parametrize("card", ["NVIDIA RTX A1000", "NVIDIA RTX A4000", "NVIDIA RTX A3000", "NVIDIA T400 4GB"])
def test_a_card_whose_name_holds_another_s_is_not_that_one(card):
    assert tabled(card, 10**9, Tuning()) == 0
