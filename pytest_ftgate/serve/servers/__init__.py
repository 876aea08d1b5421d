"""Servers that we start, and those that run already."""
