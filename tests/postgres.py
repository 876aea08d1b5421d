"""A PostgreSQL server of our own: a new cluster in a folder, reached through a socket there, ended with the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

USER = "postgres"


def program(name: str) -> str:
    """The path of a program of PostgreSQL, on PATH or where Debian puts it; "" if there is none."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(debian[0]) if debian else shutil.which(name) or ""


def as_user(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root; Debian's package makes the user postgres."""
    return ["runuser", "-u", USER, "--", *command] if os.geteuid() == 0 else command


def run(*command: str) -> None:
    done = subprocess.run(as_user([*command]), capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """SQLAlchemy's address of the database `postgres` of a new cluster. Skips if PostgreSQL is not installed."""
    if not program("initdb"):
        pytest.skip("PostgreSQL is not here; install it with: apt-get install postgresql")
    folder.chmod(0o777)
    data = folder / "data"
    run(
        program("initdb"),
        "--pgdata",
        str(data),
        "--auth",
        "trust",
        "--username",
        USER,
        "--no-sync",
        "--no-locale",
        "-E",
        "UTF8",
    )
    settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    run(program("pg_ctl"), "--pgdata", str(data), "--wait", "--log", str(data / "log"), "--options", settings, "start")
    try:
        yield f"postgresql+psycopg2://{USER}@/postgres?host={folder}"
    finally:
        run(program("pg_ctl"), "--pgdata", str(data), "--mode", "immediate", "stop")
