"""Rubrics that the tests of the judge share."""

from pytest_ftgate.judge.rubric import make_rubric

HELPFUL = {
    "question": "Does the answer solve what was asked?",
    "1": "It does not touch the problem.",
    "2": "It touches the problem and solves none of it.",
    "3": "It solves a part.",
    "4": "It solves all but a detail.",
    "5": "It solves all of it.",
}
SCORED = make_rubric({"helpful": HELPFUL, "tone": HELPFUL | {"question": "Is it friendly?"}})
CHECKED = make_rubric(None, {"polite": "Is the answer polite?", "no_prices": "Does it name no price?"}, reference=True)
CORRECT = make_rubric()
