"""(golden set, model) -> graded evaluation, with its journal, cache and lock."""
