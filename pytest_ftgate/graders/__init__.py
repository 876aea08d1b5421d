"""Kinds of graders, one small file for each family: (Case, Response) -> Outcome."""
