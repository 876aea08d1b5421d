"""The exact join of near texts, and the normalisation of text for it."""
