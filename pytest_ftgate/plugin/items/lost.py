"""Lock whose golden set is gone -> a collection error: else the run would be green without the set."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.files.escape import printable
from pytest_ftgate.golden.lost_sets import lost_set
from pytest_ftgate.plugin.items.base import FtgateItem
from pytest_ftgate.plugin.items.golden import GoldenFile


class LostSet(GoldenFile):
    """A golden set of which the lock is left."""

    def collect(self) -> Iterator[FtgateItem]:
        """Never any items."""
        raise self.CollectError(printable(str(lost_set(self.path))))
