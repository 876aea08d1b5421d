"""Training rows written by a teacher model."""
