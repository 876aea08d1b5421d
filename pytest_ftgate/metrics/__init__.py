"""Numbers of a set of graded cases, with their uncertainty: intervals, labels, paired comparisons, power."""
