"""Addresses of replicas: given, from a file, or all that DNS has for a name."""

from __future__ import annotations

import socket

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.production.replicas import replicas


def test_each_address_counts_once_in_order(tmp_path):
    file = tmp_path / "servers.txt"
    file.write_text("http://b:8000/v1\nhttp://c:8000 # the third\n\n# none\n")
    given = ["http://a:8000/", "http://b:8000"]
    assert replicas(given, file) == ["http://a:8000", "http://b:8000", "http://c:8000"]


def test_a_name_becomes_all_its_addresses_at_each_call(monkeypatch):
    known = {"vllm-headless": ["10.0.0.7", "10.0.0.5", "fd00::5"]}

    def lookup(name, port, **_):
        if name not in known:
            raise socket.gaierror("Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in known[name]]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    urls = ["http://vllm-headless:8000/v1", "http://gone:8000"]
    found = ["http://10.0.0.5:8000", "http://10.0.0.7:8000", "http://[fd00::5]:8000"]
    assert replicas(urls, resolve=True) == [*found, "http://gone:8000"]
    known["vllm-headless"] = ["10.0.0.9"]
    assert replicas(urls[:1], resolve=True) == ["http://10.0.0.9:8000"]
    assert replicas(urls[:1]) == ["http://vllm-headless:8000"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("10.0.0.5:8000", "--server: '10.0.0.5:8000' is not the address of a server"),
        ("http://a:b", "--server: 'http://a:b' is not the address of a server"),
        ("http://a:99999", "--server: 'http://a:99999' is not the address of a server"),
        ("http://[::1", "--server: 'http://[::1' is not the address of a server"),
        ("http://user:pass-word@a:8000", "--server: the URL holds a user, a password or a query"),
    ],
)
def test_what_is_no_address(url, said):
    with pytest.raises(FtgateError) as error:
        replicas([url], resolve=True)
    assert str(error.value).startswith(said)


def test_what_is_wrong_in_the_file_is_told_with_its_line(tmp_path):
    file = tmp_path / "servers.txt"
    for raw, said in (
        (b"http://a:8000\n# caf\xe9\n", f"{file}:2: is not UTF-8 (byte 0xe9)"),
        (b"http://a:8000\nhttp://[::1\nhttp://a:70000\n", f"{file}:2: is not the address of a server"),
    ):
        file.write_bytes(raw)
        with pytest.raises(FtgateError) as error:
            replicas([], file)
        assert str(error.value).startswith(said)
    with pytest.raises(FtgateError, match=r"--servers-file: cannot read .*gone: No such file"):
        replicas([], tmp_path / "gone")
    assert replicas([f"http://{'a' * 70}:80"], resolve=True) == [f"http://{'a' * 70}:80"]
    assert "pass-word" not in str(error.value)


def test_a_certificate_is_valid_for_a_name_alone():
    with pytest.raises(FtgateError, match="a certificate is valid for the name alone"):
        replicas(["https://vllm:8000"], resolve=True)


def test_no_server_at_all(tmp_path):
    with pytest.raises(FtgateError, match="no server given"):
        replicas([])
    file = tmp_path / "servers.txt"
    file.write_text("# none yet\n")
    with pytest.raises(FtgateError, match="holds no address"):
        replicas([], file)
