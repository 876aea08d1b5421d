"""What a user may import from `pytest_ftgate`, and what importing it costs."""

import subprocess
import sys

import pytest

import pytest_ftgate


def test_the_list_is_sorted_and_every_name_is_there():
    assert pytest_ftgate.__all__ == sorted(pytest_ftgate._MODULES)
    for name in pytest_ftgate.__all__:
        assert getattr(pytest_ftgate, name).__name__ == name
    assert set(pytest_ftgate.__all__) <= set(dir(pytest_ftgate))


def test_a_name_that_is_not_public():
    with pytest.raises(AttributeError, match="'pytest_ftgate' has no attribute 'Evaluation'"):
        _ = pytest_ftgate.Evaluation


def test_importing_the_package_imports_no_other_module_of_it():
    code = "import sys, pytest_ftgate; print(*[name for name in sys.modules if name.startswith('pytest_ftgate.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
