"""A user's own data -> golden set, pipeline, Python test and workflow of a new task: behind `ftgate init`."""
