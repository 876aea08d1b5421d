"""(open file) -> a lock that ends with the process that holds it, also if it is killed, in a container, or rebooted."""

from __future__ import annotations

import errno

_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL, errno.EBADF)
"""What a file system says that has no locks, as some in a network, or none for a folder."""


def lock(file: int) -> bool:
    """Wait for it. False where the file system has no locks. Raises OSError."""
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return False
    return True


def lock_if_free(file: int) -> bool:
    """False if another process holds it. Raises OSError."""
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(file: int) -> None:
    """Let the next one have it."""
    import fcntl

    fcntl.flock(file, fcntl.LOCK_UN)
