"""Seed rows -> further training rows by a language model, none of them reviewed."""
