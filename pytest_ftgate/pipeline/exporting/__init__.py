"""Golden sets and run records -> the forms of other tools."""
