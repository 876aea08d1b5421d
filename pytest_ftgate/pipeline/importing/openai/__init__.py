"""Evals of OpenAI: entries of the registry with their samples, and evals of the hosted service."""

from pytest_ftgate.pipeline.importing.openai.read import read_openai

__all__ = ["read_openai"]
