"""MLflow's names for what a store cannot do, on every store."""

from __future__ import annotations

TAKEN = "RESOURCE_ALREADY_EXISTS"
MISSING = "RESOURCE_DOES_NOT_EXIST"


def code_of(error: Exception) -> str:
    """MLflow's error code ("RESOURCE_ALREADY_EXISTS"), "" for any other exception."""
    return str(getattr(error, "error_code", ""))
