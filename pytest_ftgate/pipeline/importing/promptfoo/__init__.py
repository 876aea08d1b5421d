"""A promptfoo configuration -> a golden set."""

from pytest_ftgate.pipeline.importing.promptfoo.read import read_promptfoo

__all__ = ["read_promptfoo"]
