"""Items that a person goes through one by one, in the terminal or on a local page; every decision is journalled."""
