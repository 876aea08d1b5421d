"""Logs of production requests -> the requests, without who asked."""
