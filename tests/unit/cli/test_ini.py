"""An ini option as pytest would find it, read without pytest."""

import pytest

from pytest_ftgate.cli.ini import import_folders, ini_path


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pytest.ini", "[pytest]\nftgate_verify_key = keys/key.pub\n"),
        (".pytest.ini", "[pytest]\nftgate_verify_key = keys/key.pub\n"),
        ("tox.ini", "[pytest]\naddopts = -q %(x)s\nftgate_verify_key=keys/key.pub\n"),
        ("setup.cfg", "[tool:pytest]\nftgate_verify_key = keys/key.pub\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\nftgate_verify_key = 'keys/key.pub'\n"),
        ("pyproject.toml", "[tool.pytest]\nftgate_verify_key = 'keys/key.pub'\n"),
    ],
)
def test_an_ini_option_is_found_where_pytest_finds_it(file, text, tmp_path, pytester):
    (tmp_path / file).write_text(text)
    assert ini_path("ftgate_verify_key", tmp_path) == tmp_path / "keys/key.pub"
    (pytester.path / file).write_text(text.replace("addopts = -q %(x)s\n", ""))
    assert str(pytester.parseconfig().getini("ftgate_verify_key")) == "keys/key.pub"


def test_none_and_broken_files_set_nothing(tmp_path):
    assert ini_path("ftgate_verify_key", tmp_path) is None
    (tmp_path / "pyproject.toml").write_text("[tool")
    (tmp_path / "tox.ini").write_text("no section")
    (tmp_path / "setup.cfg").write_bytes(b"[tool:pytest]\nftgate_verify_key = \xff")
    assert ini_path("ftgate_verify_key", tmp_path) is None


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pytest.ini", "[pytest]\npythonpath = src\n    tests/graders\n"),
        ("setup.cfg", "[tool:pytest]\npythonpath = src tests/graders\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = ['src', 'tests/graders']\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = 'src tests/graders'\n"),
    ],
)
def test_modules_are_imported_from_where_pytest_imports_them(file, text, tmp_path, pytester):
    (tmp_path / file).write_text(text)
    assert import_folders(tmp_path) == [tmp_path / "src", tmp_path / "tests/graders"]
    (pytester.path / file).write_text(text)
    here = pytester.path
    assert pytester.parseconfig().getini("pythonpath") == [here / "src", here / "tests/graders"]


def test_no_folders_where_none_are_named(tmp_path):
    assert import_folders(tmp_path) == []
