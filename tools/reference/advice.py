"""The rules of `ftgate advise` -> the decision guide of the documentation, between two marks of its page."""

from __future__ import annotations

from pathlib import Path

from pytest_ftgate.pipeline.advice.rules import RULES, UNMEASURED
from tools.reference.markdown import escaped, sentence, table

PAGE = Path(__file__).parents[2] / "docs/explanation/when-not-to-fine-tune.md"
BEGIN = "<!-- Written by `make reference` from pytest_ftgate/pipeline/advice/rules.py, down to the next mark. -->"
END = "<!-- The end of what `make reference` writes. -->"


def guide() -> str:
    """The page with its generated part as the rules are now. Raises ValueError if a mark is missing."""
    text = PAGE.read_text(encoding="utf-8")
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise ValueError(f"{PAGE}: the marks of the generated part are missing: {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{_rules()}\n\n{_unmeasured()}\n\n{END}{after}"


def _rules() -> str:
    rows = [(sentence(rule.when), f"**{rule.name}**", escaped(rule.then)) for rule in RULES]
    return table(["what was measured", "advice", "what to do"], rows)


def _unmeasured() -> str:
    listed = [f"- **{short}** {long}" for short, long in UNMEASURED]
    return "\n".join(["Reasons against a fine-tune that no number of that command shows:", "", *listed])
