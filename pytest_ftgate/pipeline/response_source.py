"""Cases of a plain run -> answers: from the journal if it resumes, else from a cache, else from the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pytest_ftgate.evaluate.cache_policy import cache_for

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.cache import Cache
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.pipeline.runtime import Runtime
    from pytest_ftgate.pipeline.targets import Target


class ResponseSource:
    """Asks for what nobody knows yet, and in the end puts new answers into the cache and says where all came from.

    say: prints one line. A cache that does not answer is told of once and then left alone: the model answers.
    """

    def __init__(self, runtime: Runtime, say: Callable[[str], None]) -> None:
        self._runtime, self._say = runtime, say
        self._caches: dict[str, Cache] = {}
        self._broken = False

    def ask(self, evaluation: Evaluation, cases: Iterable[Case], target: Target) -> None:
        """Send what neither the journal (if it may be reused) nor the cache holds. Raises FtgateError."""
        wanted = list(cases)
        settings = self._runtime.settings
        cache = cache_for(settings, evaluation.suite, target.model, f"{settings.state_dir.name}/cache")
        if cache is not None and not self._broken:
            self._caches[evaluation.suite.title] = cache
            missing = evaluation.responses.missing(wanted)
            if found := self._tolerate(lambda: evaluation.responses.recall(missing, cache)):
                self._say(f"ftgate: {evaluation.suite.title}: answers from the cache ({cache.place}): {found}")
        self._runtime.ask(evaluation, wanted, target)

    def sum_up(self, evaluation: Evaluation) -> dict[str, Any]:
        """After the last item: remember what is new; see `report.traffic`."""
        from pytest_ftgate.pipeline.report.traffic import traffic

        cache = self._caches.pop(evaluation.suite.title, None)
        if cache is None:
            return traffic(evaluation)
        if not self._broken:
            self._tolerate(lambda: evaluation.responses.remember(cache))
        return traffic(evaluation) | {"place": cache.place}

    def _tolerate(self, work: Callable[[], int | None]) -> int | None:
        from pytest_ftgate.evaluate.cache import CacheError

        try:
            return work()
        except CacheError as error:
            self._broken = True
            self._say(f"ftgate: {error}; continuing without it")
            return None
