"""A base model's configuration and the settings of a pipeline -> memory and speed, before anything is computed."""
