"""Copies of a golden that hide behind escapes, markup, encodings, lookalike letters, or spaces in the wrong places."""
