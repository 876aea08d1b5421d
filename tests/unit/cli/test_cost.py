"""`ftgate cost` on a registry with a run that kept its usage."""

from pathlib import Path

import pytest

from pytest_ftgate.pipeline.cost.usage import Usage

PRICES = """
currency = "EUR"
trainings_per_month = 2
[machine]
name = "small GPU"
price_per_hour = 1.0
replicas = 2
[[provider]]
name = "plain"
input_per_million = 1.0
output_per_million = 10.0
[[provider]]
name = "with examples"
input_per_million = 1.0
output_per_million = 10.0
few_shot = true
[[provider]]
name = "cheap"
input_per_million = 0.001
output_per_million = 0.001
"""


@pytest.fixture
def prices(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "prices.toml"
    path.write_text(PRICES)
    return path


@pytest.fixture
def measured(registry, promote, prices):
    """300 requests of 100 + 10 tokens in 108 s, 10,000 an hour; the base model's prompts have 400 tokens more."""
    promote("a")
    numbers = Usage(300, 30_000, 3_000, 108).numbers("spam") | Usage(300, 150_000, 3_000, 200).numbers("base.spam")
    registry.tag_run(registry.champion("spam").run_id, numbers | {"cost": 40.0, "eval_cost": 10.0}, {})
    return registry


def test_it_compares_and_states_its_formulas(measured, ftgate, snapshot):
    code, out, err = ftgate("cost", "spam")
    assert (code, err) == (0, "")
    rows = {line.split("  ")[1]: line.split() for line in out.splitlines() if line.startswith("  ") and "EUR" in line}
    assert rows["small GPU"][2:4] == ["0.2", "EUR"]
    # 2 machines at 730 and two trainings at 50: 1,560 a month; .2 a thousand by API is no more than a busy machine
    assert rows["with examples"][2:] == ["0.6", "EUR", f"{1560 / 0.6 * 1000:,.0f}"]
    assert out == snapshot


def test_a_stated_capacity_is_taken_instead_of_the_measured(measured, prices, ftgate):
    prices.write_text(PRICES.replace("replicas = 2", "replicas = 2\nrequests_per_hour = 40000"))
    out = ftgate("cost", "spam")[1]
    assert "40,000 requests/hour, configured" in out
    assert "small GPU      0.05 EUR" in out


def test_without_prices_it_shows_how_to_write_them(measured, prices, ftgate):
    prices.unlink()
    code, _, err = ftgate("cost", "spam")
    assert code == 2
    assert "prices.toml not found" in err
    assert "[[provider]]" in err


def test_faults_of_the_prices_come_with_their_lines(measured, prices, ftgate):
    prices.write_text("[machine]\nprice_per_hour = 0\n[[provider]]\nname = 'x'\ninput_per_million = -1\n")
    code, _, err = ftgate("cost", "spam")
    assert code == 2
    assert "prices.toml:2: machine.price_per_hour must be more than 0; found 0" in err
    assert "a provider needs 'output_per_million'" in err
    assert "prices.toml:5: provider[0].input_per_million must be at least 0" in err


def test_a_run_without_usage_and_a_set_it_did_not_measure(registry, promote, prices, ftgate):
    promote("a")
    assert "no token usage recorded; measure again" in ftgate("cost", "spam")[2]
    registry.tag_run(registry.champion("spam").run_id, Usage(1, 2, 3, 0).numbers("x"), {})
    assert "no throughput measured" in ftgate("cost", "spam")[2]
    assert "for golden set 'y'" in ftgate("cost", "spam", "--golden", "y")[2]
    registry.tag_run(registry.champion("spam").run_id, Usage(1, 0, 0, 1).numbers("z"), {})
    assert "--golden x | z" in ftgate("cost", "spam")[2]
    assert "did not count tokens" in ftgate("cost", "spam", "--golden", "z")[2]
    assert "no task 'ham'" in ftgate("cost", "ham")[2]
