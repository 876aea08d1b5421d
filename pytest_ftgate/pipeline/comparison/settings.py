"""Facts of two runs -> what was changed between them, and which of it makes a comparison less than fair."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_ftgate.evaluate.records.record import Facts
from pytest_ftgate.golden.spec import BASE_PROMPT

_LONGEST = 60
_BEFORE = 20
"""Characters shown before the first difference."""


def changed(now: Facts, then: Facts) -> list[str]:
    """Names of what differs: "model", "prompt", "request", "graders", "cases"."""
    found = {
        "model": now.digest != then.digest,
        "prompt": now.prompt_digest != then.prompt_digest,
        "request": now.request != then.request,
        "graders": now.graders != then.graders,
        "cases": now.set == then.set and now.cases_digest != then.cases_digest,
    }
    return [name for name, differs in found.items() if differs]


def changed_text(now: Facts, then: Facts) -> str:
    """For one line: "prompt changed", "model a, now b; request changed", "same model, prompt and request"."""
    names = changed(now, then)
    if not names:
        return f"same model, prompt and request{_code(now, then)}"
    if "model" in names and now.model != then.model:
        rest = f"; {_listed(names[1:])} changed" if names[1:] else ""
        return f"model {then.model}, now {now.model}{rest}"
    return f"{_listed(names)} changed"


def differences(now: Facts, then: Facts, *, whole: bool = False) -> Iterator[tuple[str, str, str]]:
    """(what, then, now) of each setting that differs, each in one line: short and around the first difference."""
    rows: dict[str, tuple[Any, Any]] = {
        "model": (then.title, now.title),
        "set": (then.set, now.set),
        "variant": (then.variant or BASE_PROMPT, now.variant or BASE_PROMPT),
        "git": (revision(then), revision(now)),
    }
    for part in ("system", "template", "examples"):
        rows[f"prompt.{part}"] = (then.prompt.get(part), now.prompt.get(part))
    for part in {**then.request, **now.request}:
        rows[f"request.{part}"] = (then.request.get(part), now.request.get(part))
    for what, (old, new) in rows.items():
        if old != new:
            shown = _in_one_line(old), _in_one_line(new)
            yield what, *(shown if whole else _around(*shown))


def warnings(now: Facts, then: Facts) -> Iterator[str]:
    """What makes the difference of scores something else than one of model and prompt."""
    if now.graders != then.graders:
        yield "the graders differ: each run was graded by its own; grade again: pytest --ftgate-regrade last"
    if now.request != then.request:
        keys = [key for key in {**then.request, **now.request} if then.request.get(key) != now.request.get(key)]
        yield f"the request settings differ: {', '.join(keys)}"
    if now.set == then.set and now.lock != then.lock:
        yield "golden.lock differs: the golden set was locked anew between the runs, or only one of them was locked"


def revision(facts: Facts) -> str:
    """The git revision for a person: "3408a79+" if files differed from it, "" outside a repository."""
    return f"{facts.git[:7]}{'+' if facts.dirty else ''}" if facts.git else ""


def _code(now: Facts, then: Facts) -> str:
    return f"; git {revision(then)}, now {revision(now)}" if now.git and revision(now) != revision(then) else ""


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _in_one_line(value: Any) -> str:
    return " ".join(str("none" if value is None else value).split())


def _around(old: str, new: str) -> tuple[str, str]:
    """Both, of long ones what stands around the first character that differs."""
    if max(len(old), len(new)) <= _LONGEST:
        return old, new
    shortest = min(len(old), len(new))
    differs = next((at for at in range(shortest) if old[at] != new[at]), shortest)
    start = max(0, differs - _BEFORE)
    return _cut(old, start), _cut(new, start)


def _cut(text: str, start: int) -> str:
    if start == 0 and len(text) <= _LONGEST:
        return text
    before = "..." if start else ""
    room = _LONGEST - len(before)
    rest = text[start:]
    return before + (rest if len(rest) <= room else f"{rest[: room - 3]}...")
