"""A transformers server of our own."""
