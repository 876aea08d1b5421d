"""Paths of golden sets -> Suites: each loaded once, compared with its lock, with the margins and noise beside it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import Fault, FileFaults, LockError
from pytest_ftgate.golden.paths import set_argument
from pytest_ftgate.pipeline.combinations import Combinations

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.column import Column
    from pytest_ftgate.evaluate.noise import Noise
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.graders.llm_judge import AsksJudge
    from pytest_ftgate.pipeline.discovery import Catalogue
    from pytest_ftgate.pipeline.power import Resolution


class GoldenSets:
    """The golden sets of a run.

    price: of input and output tokens, for sets that name none. judge_client: of a set's [judge]. shown: a path as the
    user would type it. deltas: margin of each locked set, a share, never below its noise. noises: where measured.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        price: tuple[float, float] | None,
        judge_client: Callable[[Suite], AsksJudge],
        shown: Callable[[Path], str],
        combinations: Combinations = Combinations(),  # noqa: B008 - frozen
    ) -> None:
        self._catalogue, self._price, self._judge_client, self._shown = catalogue, price, judge_client, shown
        self._combinations = combinations
        self._by_path: dict[Path, tuple[Suite, ...]] = {}
        self._by_name: dict[str, tuple[Suite, ...]] = {}
        self.deltas: dict[str, float] = {}
        self.noises: dict[str, Noise] = {}

    def at(self, path: Path) -> Suite:
        """The golden set of a file; where the run compares several models or prompts, in the first of its columns.

        Raises FileFaults, also for one that differs from its lock.
        """
        return self.columns(path)[0]

    def columns(self, path: Path) -> tuple[Suite, ...]:
        """The golden set of a file, once for each combination of model and prompt of the run. Raises as `at`."""
        if path not in self._by_path:
            from pytest_ftgate.evaluate.suite import load_suite, priced

            suite = load_suite(path)
            self._check_lock(suite)
            self._check_name(suite)
            suite = priced(suite, self._price)
            columns = tuple(self._in_column(suite, column) for column in self._combinations.columns(suite.golden))
            self._by_path[path] = self._by_name[suite.name] = columns
        return self._by_path[path]

    def named(self, name: str) -> Suite:
        """The golden set of that name, as `at`, from the folders of `ftgate_goldens`. Raises FtgateError."""
        return self.columns_named(name)[0]

    def columns_named(self, name: str) -> tuple[Suite, ...]:
        """The same, as `columns`. Raises FtgateError."""
        return self._by_name[name] if name in self._by_name else self.columns(self._catalogue.golden_path(name))

    @property
    def present(self) -> Collection[str]:
        """Names of all sets on the disk, asked in this run or not."""
        return self._catalogue.golden_paths

    def delta(self, suite: Suite) -> float:
        """The margin of the set's lock, 0 without one."""
        return self.deltas.get(suite.name, 0.0)

    def resolution(self, suite: Suite, state_dir: Path, *, details: bool) -> str:
        """Its minimum detectable effect in words, from what earlier runs in the state folder have seen.

        details: also of its slices, of the disagreement of two models, and of its noise. Outdated noise is always told.
        """
        found = self.seen(suite, state_dir)
        line, noise = found.long_line() if details else found.line(), self.noises.get(suite.name)
        return f"{line}; {noise.of(suite)}" if noise and (details or noise.outdated(suite)) else line

    def seen(self, suite: Suite, state_dir: Path) -> Resolution:
        """Its minimum detectable effect, from what earlier runs in the state folder have seen."""
        from pytest_ftgate.evaluate.lock import default_delta
        from pytest_ftgate.pipeline.discordance import recalled
        from pytest_ftgate.pipeline.power import resolution_of

        delta = self.deltas.get(suite.name, default_delta(len(suite.cases)))
        return resolution_of(suite, delta, recalled(state_dir, suite.name))

    def _in_column(self, suite: Suite, column: Column | None) -> Suite:
        """As it is asked and graded."""
        from pytest_ftgate.evaluate.prompt_variant import in_column
        from pytest_ftgate.evaluate.suite import judged

        asked = in_column(suite, column) if column else suite
        return judged(asked, lambda: self._judge_client(asked))

    def _check_name(self, suite: Suite) -> None:
        other = self._by_name.get(suite.name)
        if other is not None:
            where = self._shown(other[0].golden.path)
            text = f"duplicate golden set name {suite.name!r}, also in {where}"
            raise FileFaults([Fault(self._shown(suite.golden.path), 0, text, "rename one of them")])

    def _check_lock(self, suite: Suite) -> None:
        from pytest_ftgate.evaluate.lock import compare, read_lock
        from pytest_ftgate.evaluate.noise import read_noise, widened

        lock, noise = read_lock(suite.golden.path), read_noise(suite.golden.path)
        if noise is not None:
            self.noises[suite.name] = noise
        if lock is not None:
            self.deltas[suite.name] = widened(lock.delta, noise)
            if faults := compare(suite, lock):
                raise LockError(faults)
        elif pipelines := self._catalogue.pipelines_of(suite.name):
            path = self._shown(suite.golden.path)
            fix = f"review it, then run: ftgate lock {self._shown(set_argument(suite.golden.path))}"
            raise LockError([Fault(path, 0, f"gates the pipeline {pipelines[0]} and has no golden.lock", fix)])
