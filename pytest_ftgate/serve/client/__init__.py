"""Requests to a chat-completions server, many at a time."""
