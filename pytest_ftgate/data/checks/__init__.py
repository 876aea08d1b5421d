"""One check of training data in each file."""
