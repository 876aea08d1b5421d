"""Tests decide which fine-tuned language model reaches production.

What is in `__all__` is public and imported when it is first used; every other module and name may change.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ftgate.errors import Fault, FtgateError
    from pytest_ftgate.gate.verdict import Verdict
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.graders.value import Failure, Grade, Unscored
    from pytest_ftgate.metrics.base import Metric
    from pytest_ftgate.serve.response import Response

__version__ = "0.1.0"
__all__ = ["Case", "Failure", "Fault", "FtgateError", "Grade", "Metric", "Response", "Unscored", "Verdict"]

_MODULES = {
    "Case": "golden.case",
    "Failure": "graders.value",
    "Fault": "errors",
    "FtgateError": "errors",
    "Grade": "graders.value",
    "Metric": "metrics.base",
    "Response": "serve.response",
    "Unscored": "graders.value",
    "Verdict": "gate.verdict",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
