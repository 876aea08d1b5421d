"""What an MLflow server is sent to know us by is in no message, whatever it answers."""

from __future__ import annotations

import base64

import pytest

from pytest_ftgate.errors import FtgateError, RegistryError
from pytest_ftgate.registry import open_registry
from tests.mock_mlflow import echoing

PASSWORD = "CANARY-password"
BASIC = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in ("USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)


@pytest.mark.parametrize("by", ["address", "password", "token"])
def test_a_server_that_repeats_what_it_was_sent(tmp_path, monkeypatch, by):
    with echoing() as (port, sent):
        address = f"127.0.0.1:{port}"
        if by == "address":
            address = f"ada:{PASSWORD}@{address}"
        elif by == "password":
            monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
            monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
        else:
            monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", PASSWORD)
        with pytest.raises(RegistryError) as caught:
            open_registry(f"http://{address}", tmp_path).champion("spam")
    said = str(caught.value)
    assert any(BASIC in header or PASSWORD in header for header in sent)
    assert "***" in said
    assert PASSWORD not in said
    assert BASIC not in said
    assert "\x1b" not in said
    assert "\n::error" not in said


@pytest.mark.parametrize("variable", ["MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_PASSWORD"])
def test_one_with_a_line_end_is_named_and_not_shown(tmp_path, monkeypatch, variable):
    monkeypatch.setenv(variable, f"{PASSWORD}\n")
    with pytest.raises(FtgateError, match=f"environment variable {variable} is not a usable key") as caught:
        open_registry("http://127.0.0.1:9", tmp_path).champion("spam")
    assert PASSWORD not in str(caught.value)
