"""`python -m pytest_ftgate`: the command `ftgate`, also where another package owns that name on PATH."""

import sys

from pytest_ftgate.cli.main import main

sys.exit(main(prog="python -m pytest_ftgate"))
