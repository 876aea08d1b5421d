"""Models of sentence-transformers on this machine."""

from __future__ import annotations

import sys

import pytest

from pytest_ftgate.errors import MissingExtra, ServeError
from pytest_ftgate.serve.embed.encoder import encoder_of


def test_without_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtra, match=r"pytest-ftgate\[semantic\]"):
        encoder_of(str(tmp_path), "--semantic")


def test_a_folder_that_holds_no_model_is_told(tmp_path):
    pytest.importorskip("sentence_transformers")
    with pytest.raises(ServeError, match="--semantic: cannot load an embedding model from"):
        encoder_of(str(tmp_path), "--semantic")
