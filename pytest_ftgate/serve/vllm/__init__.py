"""A vLLM server of our own: command, GPU memory, failures."""
