"""A paid or local language model that is asked with structured output: what was asked -> what it said, and the bill."""
