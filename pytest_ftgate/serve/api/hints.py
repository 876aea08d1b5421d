"""(HTTP status, error text of a server) -> what helps, "" if nothing is known."""

from __future__ import annotations

HINTS = {
    "--tool-call-parser": '--enable-auto-tool-choice is needed, too; or ask without tools: structured = "json_schema"',
    "tool_choice": 'if this model cannot be forced to use a tool, ask without: structured = "json_schema"',
}
"""By a word of the server's error; the first that fits."""


def hint_of(status: int, text: str) -> str:
    """The end of a sentence."""
    return next((f"; {hint}" for word, hint in HINTS.items() if status == 400 and word in text), "")
