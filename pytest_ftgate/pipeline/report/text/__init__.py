"""A run's report as lines and as Markdown; knows no pytest."""
