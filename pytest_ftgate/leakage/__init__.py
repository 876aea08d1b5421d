"""(training rows, cases of golden sets) -> what stands on both sides. The only package that sees both."""
