"""`ftgate data check --perplexity` with the real model: a garbled answer among plain ones stands out."""

from __future__ import annotations

from tests.projects import write_rows

PLACES = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Japan": "Tokyo", "Norway": "Oslo",
    "Egypt": "Cairo", "Greece": "Athens", "Russia": "Moscow", "China": "Beijing", "Poland": "Warsaw", "Austria": "Vienna",
    "Cuba": "Havana", "Peru": "Lima", "Canada": "Ottawa", "Ireland": "Dublin", "Kenya": "Nairobi", "Iran": "Tehran",
    "Iraq": "Baghdad", "Sweden": "Stockholm", "Hungary": "Budapest", "Portugal": "Lisbon", "Finland": "Helsinki",
}  # fmt: skip


def test_a_garbled_answer_surprises_the_model(workshop):
    rows = [
        {"prompt": f"What is the capital of {country}?", "completion": f"The capital of {country} is {city}."}
        for country, city in PLACES.items()
    ]
    rows.append({"prompt": "What is the capital of Chile?", "completion": "zxq vlorp ## capital tnemele blan qwrt jjk"})
    write_rows(workshop.path / "rows.jsonl", rows)
    model = str(workshop.path / ".ftgate/models/SmolLM2-135M-Instruct")
    done = workshop.ftgate("data", "check", "rows.jsonl", "--model", model, "--perplexity", "--allow", "size")
    assert done.returncode == 0, done.stdout + done.stderr
    [line] = [line for line in done.stdout.splitlines() if line.startswith("  perplexity")]
    assert line.startswith("  perplexity      warning  ")
    assert "found: rows.jsonl:24 (perplexity " in line, "the furthest first"
    assert "median perplexity " in line
    assert "of 24 rows" in line
