"""(estimate, limit) -> the user's consent, or a ProviderError that says how to give it."""

from __future__ import annotations

from collections.abc import Callable

from pytest_ftgate.errors import ProviderError
from pytest_ftgate.files.yes_no import agreed, someone_is_there


def confirm(  # noqa: PLR0913 - two figures, two texts, two ways to agree
    dollars: float,
    limit: float,
    what: str,
    allow: str,
    *,
    ask: Callable[[str], bool] | None = None,
    given: bool = False,
) -> None:
    """Return if the estimate is at most the limit, was allowed beforehand (given), or is agreed to in a terminal.

    what: such as "judging 300 answers". allow: the option that gives consent, for CI. ask: how to ask a person; None
    asks in the terminal, if there is one and the variable CI is not set. Raises ProviderError if nobody agrees.
    """
    if given or dollars <= limit:
        return
    told = f"{what} may cost about ${dollars:.2f}, which is more than ${limit:.2f}"
    asking = ask or (agreed if someone_is_there() else None)
    if asking is None:
        raise ProviderError(
            f"{told}, and there is no terminal to confirm it\n    allow it with {allow}, or raise the limit"
        )
    if not asking(f"{told}. Go on? [y/N] "):
        raise ProviderError(f"{told}: not confirmed, nothing was sent")
