"""A language model as judge of fuzzy answers: what people said, and whether the judge may vote."""
