"""Addresses where models answer, and the pool that asks them."""
