"""pytest items: cases, metrics, gate arms and the stages of a pipeline."""
