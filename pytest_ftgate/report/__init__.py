"""Verdicts and numbers -> lines, bars and files for people."""
