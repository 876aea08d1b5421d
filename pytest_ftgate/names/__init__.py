"""Two packages of one name: PyPI has an `ftgate` that is not ours, with our command and some of our options."""

NAME = "ftgate"
"""The other package's plugin, by its entry point."""
OUR_NAME = "pytest_ftgate"
"""Ours. pytest skips the second entry point of one name without a word, so ours is not called NAME."""
