"""Grades between right and wrong -> a histogram for each model, and each case's two grades head to head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pytest_ftgate.pipeline.report.html.render import Section, section
from pytest_ftgate.pipeline.report.html.svg import Axis, dot, drawing, label, line, rectangle

if TYPE_CHECKING:
    from markupsafe import Markup

    from pytest_ftgate.pipeline.report.html.grades import Column, SetGrades

BINS = 10
_HEIGHT = 150.0
_SQUARE = 320.0
_SCALE = Axis(0.0, 1.0)


def distribution(grades: Sequence[SetGrades]) -> Section | None:
    """None where every grade is 0 or 1, of which counts say all."""
    found = [_of_set(each) for each in grades if any(column.graded for column in each.columns)]
    return section("distribution", "Distribution of the grades", sets=found) if found else None


def _of_set(grades: SetGrades) -> dict[str, Any]:
    bins = [(column, counted(column)) for column in grades.columns if column.results]
    most = max((max(counts) for _, counts in bins), default=1)
    first, other = grades.columns[0], next(iter(grades.others), None)
    return {
        "set": grades.set,
        "edges": [f"{place / BINS:.1f} to {(place + 1) / BINS:.1f}" for place in range(BINS)],
        "columns": [{"title": column.title, "counts": counts} for column, counts in bins],
        "histograms": [(column.title, _histogram(column.title, counts, most)) for column, counts in bins],
        "scatter": _scatter(first, other) if other is not None else "",
        "other": other.title if other else "",
        "now": first.title,
    }


def counted(column: Column) -> list[int]:
    """Grades in each tenth; 1 belongs to the last."""
    places = Counter(min(int((result.value or 0.0) * BINS), BINS - 1) for result in column.results.values())
    return [places[place] for place in range(BINS)]


def _histogram(title: str, counts: Sequence[int], most: int) -> Markup:
    told = f"{title}: " + ", ".join(f"{count} from {place / BINS:.1f}" for place, count in enumerate(counts) if count)
    return drawing(f"Grades of {title}", told, int(_HEIGHT) + 22, _bars(counts, most), "histogram")


def _bars(counts: Sequence[int], most: int) -> Iterator[Markup]:
    for place, count in enumerate(counts):
        left, right = _SCALE.at(place / BINS), _SCALE.at((place + 1) / BINS)
        top = _HEIGHT - (_HEIGHT - 18) * count / most
        yield rectangle(left + 0.4, top, right - 0.4, _HEIGHT, "bar")
        if count:
            yield label((left + right) / 2, top - 4, f"{count:,}")
    yield line(_SCALE.at(0), _HEIGHT, _SCALE.at(1), _HEIGHT, "axis")
    yield from (label(_SCALE.at(tick), _HEIGHT + 16, f"{tick:.2f}") for tick in (0, 0.25, 0.5, 0.75, 1))


def _scatter(first: Column, other: Column) -> Markup:
    pairs = Counter(
        (round(other.results[name].value or 0.0, 2), round(result.value or 0.0, 2))
        for name, result in first.results.items()
        if name in other.results
    )
    higher = sum(count for (before, now), count in pairs.items() if now > before)
    lower = sum(count for (before, now), count in pairs.items() if now < before)
    told = f"{higher} cases higher in {first.title}, {lower} lower than in {other.title}, {sum(pairs.values())} in both"
    return drawing("Head to head", told, int(_SQUARE) + 24, _points(pairs), "scatter")


def _points(pairs: Counter[tuple[float, float]]) -> Iterator[Markup]:
    def height(value: float) -> float:
        return 8 + (_SQUARE - 16) * (1 - value)

    yield line(_SCALE.at(0), height(0), _SCALE.at(1), height(1), "zero")
    for tick in (0, 0.25, 0.5, 0.75, 1):
        yield line(_SCALE.at(0), height(tick), _SCALE.at(1), height(tick), "grid")
        yield label(_SCALE.at(tick), _SQUARE + 16, f"{tick:.2f}")
        yield label(_SCALE.at(0) - 0.5, height(tick) + 4, f"{tick:.2f}", anchor="end")
    for (before, now), count in pairs.items():
        tone = "good" if now > before else "bad" if now < before else "plain"
        hint = f"before {before:.2f}, now {now:.2f}: {count}"
        yield dot(_SCALE.at(before), height(now), f"cloud {tone}", min(3 + count**0.5, 12), hint)
