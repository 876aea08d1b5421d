"""(pipeline, machine) -> findings: whether a run of `--train` can work here, and what to change if not."""
