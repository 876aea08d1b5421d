"""The environment -> the key for a server that is not ours."""

from __future__ import annotations

from pytest_ftgate.files.secrets import secret_in

KEY_VARIABLES = ("FTGATE_API_KEY", "OPENAI_API_KEY")


def key_from_environment() -> str:
    """The first of `KEY_VARIABLES` that is set; "" if none is. Raises FtgateError for one that cannot be sent."""
    return next(filter(None, map(secret_in, KEY_VARIABLES)), "")


def key_hint(sent: bool) -> str:
    """What to do where a key was refused. sent: whether one was."""
    names = " or ".join(KEY_VARIABLES)
    if not sent:
        return f"no key was sent; set {names}"
    variable = next(filter(secret_in, KEY_VARIABLES), "")
    return f"a key was sent, from {variable}; set {names}" if variable else f"a key was sent; set {names}"
