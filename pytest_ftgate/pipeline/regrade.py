"""(golden set, its journal, RUN) -> the Evaluation of an earlier run, to be graded again with no model at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.errors import JournalError
from pytest_ftgate.evaluate.evaluation import Evaluation
from pytest_ftgate.evaluate.responses import Responses
from pytest_ftgate.pipeline.targets import Target
from pytest_ftgate.serve.model import Model

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.journal import Journal
    from pytest_ftgate.evaluate.suite import Suite

LAST = "last"


def regraded(suite: Suite, journal: Journal, run: str, named: str = "") -> tuple[Evaluation, Target]:
    """What one model has answered so far to the prompts and settings of today, whatever judges it.

    run: "last" for the model that answered last, or the beginning of its digest. Raises JournalError if the journal has
    no such model, or several. named: digest of the model that the command line names, which is then the one.
    """
    digest = _model(suite, journal, named if named and run == LAST else run)
    target = Target(f"the model {digest[:12]}", Model(digest, served=True))
    return Evaluation(Responses(suite, digest, journal, regrade=True)), target


def _model(suite: Suite, journal: Journal, run: str) -> str:
    models = list(dict.fromkeys(response.model for response in reversed(journal.read("asked").responses.values())))
    found = models[:1] if run == LAST else [model for model in models if model.startswith(run)]
    if len(found) == 1:
        return found[0]
    held = ", ".join(model[:12] for model in models[:10]) or "none"
    what = f"{len(found)} models match {run}" if found else f"no answers of model {run}"
    raise JournalError(f"--ftgate-regrade: {what} in the journal of {suite.name} ({journal.path}); available: {held}")
