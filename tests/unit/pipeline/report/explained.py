"""Cases, and what two models said to them."""

from __future__ import annotations

from typing import Any

from pytest_ftgate.golden.case import Case, make_case

HARD = "win a prize now"


def case(number: int, **more: Any) -> Case:
    text = f"{HARD} number{number}" if number % 10 == 0 else f"see you at home number{number}"
    label = "spam" if number % 10 == 0 else "ham"
    return make_case({"input": {"text": text}, "expected": {"label": label}, **more}, number + 1, f"c{number}")


def frozen(cases: list[Case], wrong: set[str], text: str = "answer") -> dict[str, Any]:
    """As `Evaluation.to_json`, with the cases in `wrong` failed."""
    rows = {
        case.id: {
            "case": case.digest,
            "value": float(case.id not in wrong),
            "passed": case.id not in wrong,
            "text": f"{text} {case.id}",
        }
        for case in cases
    }
    return {"suite": "mail", "digest": "d", "model": "m", "cases": rows}
