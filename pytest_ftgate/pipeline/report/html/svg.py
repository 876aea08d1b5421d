"""Numbers -> inline SVG whose places are shares of its width, so that it fits a phone and its letters keep their size.

Drawn here, not by a library: matplotlib would be a heavy import at the end of each CI run, and the pure Python ones of
PyPI (pygal, leather, drawsvg) know neither an interval against a margin nor colours that follow the reader's theme.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

from markupsafe import Markup

TICKS = 6
"""At most so many labels on an axis."""
_EDGE = 3.0
"""Per cent of the width that are left free on either side."""
_BOX = Markup(
    '<svg class="plot {kind}" role="img" width="100%" height="{height}" aria-label="{told}">'
    "<title>{title}</title><desc>{told}</desc>{body}</svg>"
)


@dataclass(frozen=True, slots=True)
class Axis:
    """low < high: the values at its ends."""

    low: float
    high: float

    @classmethod
    def over(cls, values: Iterable[float], *, step: float = 0.0) -> Axis:
        """One that shows all values, with a margin on both sides. step: least length."""
        known = [value for value in values if isfinite(value)] or [0.0]
        low, high = min(known), max(known)
        room = max(0.06 * (high - low), step / 2, 1e-9)
        return cls(low - room, high + room)

    def at(self, value: float) -> float:
        """Per cent of the width; a value beyond an end is shown at it."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return _EDGE + (100 - 2 * _EDGE) * share

    def ticks(self) -> list[float]:
        """Round values on it, evenly spaced."""
        raw = (self.high - self.low) / TICKS
        unit = 10.0 ** floor(log10(raw))
        step = next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= raw)
        first = ceil(self.low / step)
        return [round(place * step, 12) + 0.0 for place in range(first, floor(self.high / step) + 1)]


def drawing(title: str, told: str, height: int, parts: Iterable[Markup], kind: str = "") -> Markup:
    """One picture. title: its name; told: the same in words, for those who do not see it. height: pixels."""
    return _BOX.format(kind=kind, height=height, title=title, told=told, body=Markup("").join(parts))


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """x: per cent; y: pixels. kind: its CSS class."""
    return Markup('<line x1="{:.2f}%" y1="{:.1f}" x2="{:.2f}%" y2="{:.1f}" class="{}"/>').format(x1, y1, x2, y2, kind)


def rectangle(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """x: per cent, x1 <= x2; y: pixels, y1 <= y2."""
    shape = Markup('<rect x="{:.2f}%" y="{:.1f}" width="{:.2f}%" height="{:.1f}" class="{}"/>')
    return shape.format(x1, y1, x2 - x1, y2 - y1, kind)


def dot(x: float, y: float, kind: str, radius: float = 5.0, hint: str = "") -> Markup:
    """hint: what a pointer on it shows."""
    shape = Markup('<circle cx="{:.2f}%" cy="{:.1f}" r="{:.1f}" class="{}">{}</circle>')
    return shape.format(x, y, radius, kind, Markup("<title>{}</title>").format(hint) if hint else "")


def label(x: float, y: float, text: str, kind: str = "tick", anchor: str = "middle") -> Markup:
    """anchor: "start", "middle" or "end" of the text is at x."""
    return Markup('<text x="{:.2f}%" y="{:.1f}" text-anchor="{}" class="{}">{}</text>').format(x, y, anchor, kind, text)
