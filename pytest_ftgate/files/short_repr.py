"""Values -> a repr of one line: what pytest shows of them in an assertion."""

from __future__ import annotations

from reprlib import Repr

from pytest_ftgate.files.escape import one_line

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 100
_SHORT.maxdict = _SHORT.maxlist = _SHORT.maxtuple = 3
_SHORT.maxlevel = 3


def short_repr(kind: object, *parts: object, **named: object) -> str:
    """Such as `Case('t000', 'How do I ... invoice?', expected='billing')`; what is empty or None is left out.

    kind: the object. parts, named: what matters of it; long texts are cut in the middle.
    """
    given = [_SHORT.repr(part) for part in parts]
    given += [f"{name}={_SHORT.repr(value)}" for name, value in named.items() if value not in (None, "", (), {})]
    return one_line(f"{type(kind).__name__}({', '.join(given)})")
