"""The language models that judge in one run: opened when first asked, summed up and closed at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.graders.llm_judge import judges_among
from pytest_ftgate.judge.spec import JudgeError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.judge.client import JudgeClient
    from pytest_ftgate.judge.pool import Judges
    from pytest_ftgate.pipeline.discovery import Catalogue


def check_judge(suite: Suite, cases: Iterable[Case]) -> None:
    """Before any model is asked. Raises JudgeError if the judge that grades some of these cases cannot be asked."""
    from pytest_ftgate.serve.api.client import check_usable

    spec = suite.golden.judge
    if spec is None or not any(judges_among(suite.graders_of(case)) for case in cases):
        return
    for settings in spec.panel:
        try:
            check_usable(settings)
        except FtgateError as error:
            raise JudgeError(f"judge {settings.model}: {error}") from error


class RunJudges:
    """open_judges: makes the pool of judges. shown: a path as the user would type it."""

    def __init__(self, catalogue: Catalogue, open_judges: Callable[[], Judges], shown: Callable[[Path], str]) -> None:
        self._catalogue, self._open, self._shown = catalogue, open_judges, shown

    @cached_property
    def pool(self) -> Judges:
        """The judges, opened now if they were not."""
        return self._open()

    @property
    def untrusted(self) -> bool:
        """Whether a judge of this run, of a golden set or a test, gave so few verdicts that the run is INTEGRITY."""
        return "pool" in self.__dict__ and self.pool.untrusted

    def client_of(self, suite: Suite) -> JudgeClient:
        """The client of a golden set's [judge]. Raises FtgateError if the set has none."""
        if suite.golden.judge is None:
            where = self._shown(suite.golden.path)
            raise FtgateError(f"{where} has no [judge], which names the model and the criteria")
        return self.pool.judge_client(suite.golden.judge, suite.name)

    def close(self, facts: list[dict[str, Any]]) -> None:
        """Add counts and bills to `facts`, then close the judges, whatever happens."""
        if "pool" in self.__dict__:
            pool = self.__dict__.pop("pool")
            try:
                facts += [fact | self._same_family(fact) for fact in pool.facts()]
            finally:
                pool.close()

    def _same_family(self, fact: dict[str, Any]) -> dict[str, list[str]]:
        """A warning where a judge and the base of the pipelines that its golden sets gate are of one model family."""
        from pytest_ftgate.judge.bias import same_family_warnings

        names = {pipeline for name in fact["names"] for pipeline in self._catalogue.pipelines_of(name)}
        return {"same_family": sorted(same_family_warnings(fact["models"], self._bases(names)))}

    def _bases(self, pipelines: Iterable[str]) -> set[str]:
        """The base models of pipelines; one with a fault has none, and is reported where it is used."""
        found = set()
        for name in pipelines:
            with suppress(FtgateError):
                found.add(self._catalogue.pipeline(name).base.model)
        return found
