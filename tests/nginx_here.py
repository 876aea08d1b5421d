"""A real nginx with a written configuration in front of a test's servers."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

MAIN = """
daemon off;
{process}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {written};
}}
"""


def need_nginx() -> str:
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if found is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_nginx(folder: Path, written: Path, port: int, *, reloads: bool = False) -> Iterator[str]:
    """The address of an nginx that includes the written file, which listens on `port`.

    reloads: as in production, it reads the file anew on SIGHUP to the process in nginx.pid; else it is one process.
    """
    main = folder / "nginx.conf"
    owner = "user root;" if reloads and os.geteuid() == 0 else ""
    process = f"worker_processes 1;\n{owner}" if reloads else "master_process off;"
    main.write_text(MAIN.format(folder=folder, written=written, process=process))
    command = [need_nginx(), "-p", str(folder), "-c", str(main), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[str]) -> None:
    for _ in range(100):
        assert process.poll() is None, process.communicate()[0]
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nginx does not listen on {port}")


def ask(url: str, user: str, body: Any, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a chat completion."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"X-User": user} if user else {}
    request = urllib.request.Request(
        f"{url}/v1/chat/completions", sent, {"Content-Type": "application/json", **named, **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, dict(reply.headers), reply.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def exposures_in(log: Path, count: int) -> list[dict[str, Any]]:
    """The lines of a log; nginx writes each a moment after its answer, so `count` of them users pending."""
    for _ in range(100):
        lines = log.read_text(encoding="utf-8").splitlines()
        if len(lines) >= count:
            break
        time.sleep(0.05)
    return [json.loads(line) for line in lines]
