"""(task, adapter folder, numbers) -> runs, versions and the one champion, kept by MLflow."""

from pytest_ftgate.registry.location import exists
from pytest_ftgate.registry.registry import Registry, open_registry
from pytest_ftgate.registry.signature import Keys
from pytest_ftgate.registry.version import Version

__all__ = ["Keys", "Registry", "Version", "exists", "open_registry"]
