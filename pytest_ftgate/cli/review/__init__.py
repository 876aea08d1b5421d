"""People review rows in a terminal or a browser."""
