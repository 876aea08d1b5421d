"""Files of other tools -> golden sets."""
