"""What the Hub or its library says went wrong -> an error in the user's words, and what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pytest_ftgate.errors import FtgateError, RegistryError
from pytest_ftgate.files.escape import one_line

CONFLICT = frozenset({409, 412})
"""Status of a commit whose parent is not the head any more."""

LONGEST = 300


class Moved(RegistryError):  # noqa: N818 - says what happened
    """Somebody else has committed to the repository in between; nothing was written."""


@contextmanager
def explaining(repo: str, what: str) -> Iterator[None]:
    """Code that asks the Hub; what it raises becomes RegistryError, or Moved."""
    try:
        yield
    except FtgateError:
        raise
    except Exception as error:
        if not _is_of_the_hub(error):
            raise
        raise _explained(repo, what, error) from error


def status_of(error: BaseException) -> int:
    """The HTTP status that an error tells of; 0 if none came."""
    return int(getattr(getattr(error, "response", None), "status_code", 0) or 0)


def _is_of_the_hub(error: BaseException) -> bool:
    """Errors of its library, of the HTTP client that it uses, and of files; not our own mistakes."""
    modules = {cls.__module__.partition(".")[0] for cls in type(error).__mro__}
    wrapped = isinstance(error, RuntimeError | ValueError) and "_commit_api" in _where(error)
    return wrapped or isinstance(error, OSError) or bool(modules & {"huggingface_hub", "httpx", "httpx2", "httpcore"})


def _where(error: BaseException) -> str:
    """The files that an error came through."""
    found, trace = [], error.__traceback__
    while trace is not None:
        found.append(trace.tb_frame.f_code.co_filename)
        trace = trace.tb_next
    return " ".join(found)


def _explained(repo: str, what: str, error: Exception) -> RegistryError:
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, Exception):
        what, error = f"{what}: {one_line(str(error))[:LONGEST].rstrip('.')}", error.__cause__
    status, kinds = status_of(error), {cls.__name__ for cls in type(error).__mro__}
    if status in CONFLICT:
        return Moved(f"{what}: {repo} was changed in between")
    said = one_line(next(iter(str(error).strip().splitlines()), type(error).__name__))[:LONGEST]
    for kind, (why, fix) in _KINDS.items():
        if kind in kinds or kind == str(status):
            return RegistryError(f"{what}: {repo} {why}\n    {fix.format(repo=repo, token=_token())}")
    if status >= 500 or status == 429:
        return RegistryError(
            f"{what}: the Hub answers {status} for {repo}: {said}\n    run the same command again later"
        )
    return RegistryError(
        f"{what}: {repo}: {type(error).__name__}: {said}\n    check the network, and HF_ENDPOINT if set"
    )


def _token() -> str:
    return "the token in HF_TOKEN" if os.environ.get("HF_TOKEN") else "HF_TOKEN, which is not set,"


_KINDS = {
    "OfflineModeIsEnabled": ("is not asked, as HF_HUB_OFFLINE is set", "unset HF_HUB_OFFLINE"),
    "GatedRepoError": ("is gated", "accept its terms at https://huggingface.co/{repo}, with the account of HF_TOKEN"),
    "RevisionNotFoundError": ("has no such revision", "write it as REPO@v3, REPO@champion or REPO@COMMIT"),
    "RepositoryNotFoundError": (
        "is not on the Hub, or private and not shown to this token",
        "correct the name ORG/NAME; check that {token} may read it",
    ),
    "HFValidationError": ("is not a name of a repository", "write it as ORG/NAME"),
    "401": ("is not given: the Hub does not accept the token", "check {token}, or log in: hf auth login"),
    "403": ("may not be changed with this token", "{token} needs write access to {repo}"),
}
"""Error class or status -> what is wrong, and what to do."""
