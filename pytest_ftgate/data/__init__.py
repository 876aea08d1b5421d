"""Training rows: read, checked, split, made."""
