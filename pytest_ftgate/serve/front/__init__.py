"""The HTTP front of `ftgate serve`: one stable name for clients, and behind it the version that is the champion now."""
