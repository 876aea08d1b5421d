"""The pytest plugin: hooks, options, items, fixtures."""
