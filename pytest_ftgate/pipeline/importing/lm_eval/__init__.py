"""A task of lm-evaluation-harness with local data -> a golden set."""

from pytest_ftgate.pipeline.importing.lm_eval.read import read_lm_eval

__all__ = ["read_lm_eval"]
