"""One file for each gate check, and what they share."""
