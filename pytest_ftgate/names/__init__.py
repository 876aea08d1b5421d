"""A plugin of another package that has our name."""
