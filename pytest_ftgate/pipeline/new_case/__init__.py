"""A new case of a golden set: taken from somewhere, checked, appended, locked."""
