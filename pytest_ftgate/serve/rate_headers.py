"""Headers of an answer -> seconds for which the server takes no more requests."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

ALLOWANCES = tuple(
    (remaining, remaining.replace("remaining", "reset"))
    for remaining in (
        "x-ratelimit-remaining-requests",
        "x-ratelimit-remaining-tokens",
        "x-ratelimit-remaining",
        "ratelimit-remaining",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-output-tokens-remaining",
    )
)
"""Headers that say how much is left of a limit, each with the one that says when it begins anew."""

EPOCH_S = 1e9
"""A number of seconds above this is a date, not a duration; above its thousandfold one in milliseconds."""

MOST_CHARACTERS = 100

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_SECONDS = (3600.0, 60.0, 1.0, 0.001)


def asked_s(headers: Mapping[str, str]) -> float | None:
    """How long a server that answered 429 wants to be left alone; None if it does not say.

    By `retry_after_s`, else the latest reset of a limit of which nothing is left, else the earliest of any. headers:
    a mapping that does not mind the case of names.
    """
    asked = retry_after_s(headers)
    if asked is not None:
        return asked
    used_up = exhausted_s(headers)
    if used_up is not None:
        return used_up
    resets = [wait_s(headers.get(reset, "")) for _, reset in ALLOWANCES]
    return min((seconds for seconds in resets if seconds is not None), default=None)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds of `retry-after-ms`, else of `Retry-After`; None if there is neither."""
    millis = _number(headers.get("retry-after-ms", ""))
    return wait_s(headers.get("retry-after", "")) if millis is None else max(0.0, millis) / 1000


def exhausted_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until the last of the limits that are used up begins anew; None if there is something left of all."""
    longest = None
    for remaining, reset in ALLOWANCES:
        left = headers.get(remaining)
        if left is not None and left.strip() == "0":
            seconds = wait_s(headers.get(reset, ""))
            longest = seconds if longest is None else max(longest, seconds or 0.0)
    return longest


def wait_s(value: str) -> float | None:
    """Seconds from now: "7", "6m0s", "20ms", an HTTP date, an ISO date, seconds or milliseconds since 1970; else None.

    Never negative; nothing that a server writes raises.
    """
    value = value.strip()
    if len(value) > MOST_CHARACTERS:
        return None
    number = _number(value)
    if number is not None:
        return max(0.0, _from_now(number))
    if (match := _DURATION.fullmatch(value)) and value:
        return sum(float(part) * unit for part, unit in zip(match.groups("0"), _SECONDS, strict=True))
    return _until(value)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _from_now(number: float) -> float:
    if number < EPOCH_S:
        return number
    return (number / 1000 if number >= 1000 * EPOCH_S else number) - time.time()


def _until(value: str) -> float | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            when = read(value)
            return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
