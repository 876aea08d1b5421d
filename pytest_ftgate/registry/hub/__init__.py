"""Versions on the Hugging Face Hub: pushed with their evidence, pulled, mirrored; or the registry itself."""
