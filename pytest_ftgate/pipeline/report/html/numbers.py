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
    """Four significant digits, of a great number all before the point: 13480.4 -> "13,480"; "" for None."""
    if value is None:
        return ""
    return (f"{value:,.0f}" if _GREAT <= abs(value) < _HUGE else f"{value:,.4g}").replace("-", MINUS)


_GREAT, _HUGE = 1e3, 1e10


_SHARES = ("accuracy", "score", "pass_at_k", "pass_hat_k", "precision", "recall", "f1")


def metric(value: float | None, name: str) -> str:
    """As its name asks: accuracy, f1(spam) and f1-macro are shares, p95_ms is a time, mcc and a cost are neither."""
    if name.endswith("_ms"):
        return waited(value)
    return share(value) if name.startswith(_SHARES) else plain(value)


def waited(milliseconds: float | None) -> str:
    """812.4 -> "812.4 ms", 13480 -> "13.48 s"; "" for None."""
    if milliseconds is None:
        return ""
    slow = abs(milliseconds) >= _GREAT
    return f"{plain(milliseconds / 1000)} s" if slow else f"{plain(milliseconds)} ms"


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
