"""Tests decide which fine-tuned language model reaches production."""

__version__ = "0.1.0"
