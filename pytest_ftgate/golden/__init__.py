"""One golden set on disk: its settings, cases and paths."""
