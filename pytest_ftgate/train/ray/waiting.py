"""(what a job asked for, what a cluster has) -> one line about what it waits for."""

from __future__ import annotations

from collections.abc import Mapping


def waiting(needs: Mapping[str, float], there: Mapping[str, tuple[float, float]]) -> str:
    """needs: name of a resource -> number. there: name -> (used, in all); empty where it is not known."""
    parts = [_of(name, needed, there) for name, needed in needs.items() if needed]
    hint = ""
    if there and needs.get("GPU") and "GPU" not in there:
        hint = "; the cluster has no GPU: it waits until one joins, or ask for none ([ray] use_gpu = false)"
    return f"the job waits for {' and '.join(parts) or 'its turn'}, or for its environment to be installed{hint}"


def _of(name: str, needed: float, there: Mapping[str, tuple[float, float]]) -> str:
    used, whole = there.get(name, (0.0, 0.0))
    return f"{needed:g} {name}" + (f" ({whole - used:g} of {whole:g} free)" if there else "")
