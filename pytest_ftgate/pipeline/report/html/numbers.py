"""Numbers as the page writes them: shares as per cent, differences in points, with a real minus sign."""

from __future__ import annotations

import time

MINUS = "\N{MINUS SIGN}"


def share(value: float | None) -> str:
    """.7333 -> "73.3 %"; "" for None."""
    return "" if value is None else f"{100 * value + 0.0:.1f} %".replace("-", MINUS)


def points(value: float | None) -> str:
    """A difference of shares in points, .013 -> "+1.3"; never "-0.0"; "" for None."""
    return "" if value is None else f"{round(100 * value, 1) + 0.0:+.1f}".replace("-", MINUS)


def tick(value: float) -> str:
    """A difference of shares in points, on an axis: .05 -> "+5", 0 -> "0"."""
    return f"{100 * value:+.3g}".replace("-", MINUS) if value else "0"


def share_tick(value: float) -> str:
    """A share on an axis: .2 -> "20 %"."""
    return f"{100 * value:.3g} %".replace("-", MINUS)


def bounds(lower: float | None, upper: float | None) -> str:
    """Of a share: "[63.1, 81.6]"; an open side is "..."."""
    if lower is None and upper is None:
        return ""
    low, high = ("..." if each is None else f"{100 * each + 0.0:.1f}".replace("-", MINUS) for each in (lower, upper))
    return f"[{low}, {high}]"


def count(value: float) -> str:
    """1234 -> "1,234"."""
    return f"{value:,.0f}"


def plain(value: float | None) -> str:
    """Four significant digits; "" for None."""
    return "" if value is None else f"{value:,.4g}".replace("-", MINUS)


def when(at: float) -> str:
    """Unix time in seconds -> "2026-11-29 00:21 UTC"."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))


def lasted(seconds: float) -> str:
    """127 -> "2 min 7 s"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
