"""(golden set, its journal, RUN) -> the Evaluation of an earlier run, to be graded again with no model at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_ftgate.errors import JournalError
from pytest_ftgate.evaluate.evaluation import Evaluation
from pytest_ftgate.evaluate.responses import Responses
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.targets import Target
from pytest_ftgate.serve.model import Model

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.journal import Journal
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case

LAST = "last"


def regraded(suite: Suite, journal: Journal, run: str, named: str = "") -> tuple[Evaluation, Target]:
    """What one model has answered so far to the prompts and settings of today, whatever judges it.

    run: "last" for the model that answered last, or the beginning of its digest. Raises JournalError if the journal has
    no such model, or several. named: digest of the model that the command line names, which is then the one.
    """
    digest = _model(suite, journal, named if named and run == LAST else run)
    target = Target(f"the model {digest[:12]}", Model(digest, served=True))
    return Evaluation(Responses(suite, digest, journal, regrade=True)), target


def check_any(evaluation: Evaluation, cases: Sequence[Case], journal: Journal) -> int:
    """The number of answers that the journal lacks. Raises JournalError if it has none to what would be asked today."""
    responses = evaluation.responses
    missing = responses.missing(cases)
    wanted = len(cases) * evaluation.suite.golden.request.repeats
    if cases and len(missing) == wanted and not responses.changed_lines:
        held = [each for each in journal.read("asked").responses.values() if each.model == evaluation.model_digest]
        last = datetime.fromtimestamp(max(each.asked_at for each in held), UTC).strftime("%Y-%m-%d %H:%M UTC")
        where = f"the journal of {evaluation.suite.name} ({shown(journal.path)})"
        raise JournalError(
            f"--ftgate-regrade: no answers to regrade: {where} has {len(held)} of the model "
            f"{evaluation.model_digest[:12]}, the last of {last}, none of them to this prompt with these [request] "
            "settings and inputs\n    ask the model again without --ftgate-regrade, or undo the change"
        )
    return len(missing)


def _model(suite: Suite, journal: Journal, run: str) -> str:
    models = list(dict.fromkeys(response.model for response in reversed(journal.read("asked").responses.values())))
    found = models[:1] if run == LAST else [model for model in models if model.startswith(run)]
    if len(found) == 1:
        return found[0]
    held = ", ".join(model[:12] for model in models[:10]) or "none"
    what = f"{len(found)} models match {run}" if found else f"no answers of model {run}"
    raise JournalError(f"--ftgate-regrade: {what} in the journal of {suite.name} ({journal.path}); available: {held}")
