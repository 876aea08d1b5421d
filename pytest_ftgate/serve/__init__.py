"""Asking and serving models."""

ENGINES = ("transformers", "vllm", "openai")
"""Names of the engines, as `--ftgate-engine` takes them; openai: a server that runs already."""
