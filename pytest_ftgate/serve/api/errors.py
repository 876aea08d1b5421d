"""Why an attempt gave no answer."""

from __future__ import annotations

STATUS_KINDS = {429: "rate_limited", 529: "overloaded"}

HINTS = {
    "--tool-call-parser": '--enable-auto-tool-choice is needed, too; or ask without tools: structured = "json_schema"',
    "tool_choice": 'if this model cannot be forced to use a tool, ask without: structured = "json_schema"',
}
"""What helps, by a word of the server's error; the first that fits."""


class RequestError(Exception):
    """An attempt without an answer.

    kind: rate_limited, overloaded, server_error, timeout, connection, malformed: retried; "refused" (any other 4xx):
    never; "denied" (401, 403, 404): ends the run. wait_s: what the server asked for. billed: whether the request may
    have been answered, and so paid, though no answer arrived. status: of HTTP, 0 if there was no answer.
    """

    def __init__(
        self, kind: str, text: str, wait_s: float | None = None, billed: bool = False, status: int = 0
    ) -> None:
        super().__init__(text)
        self.kind, self.text, self.wait_s, self.billed, self.status = kind, text, wait_s, billed, status


def of_status(status: int, text: str, retry_after: str) -> RequestError:
    """The trouble that an HTTP status stands for. retry_after: the header, "" if there is none."""
    from pytest_ftgate.serve.client.request import retry_after_s

    said = f"HTTP {status}: {text[:500]}"
    said += next((f"; {hint}" for word, hint in HINTS.items() if status == 400 and word in text), "")
    if status in {401, 403, 404}:
        return RequestError("denied", said, status=status)
    kind = STATUS_KINDS.get(status) or ("server_error" if status >= 500 else "refused")
    wait_s = retry_after_s(retry_after) if kind != "refused" else None
    return RequestError(kind, said, wait_s, status=status)
