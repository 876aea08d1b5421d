"""Other forms of a fine-tuned model: merged, quantised, GGUF."""
