"""Gate checks, data checks and exit codes of the package -> their pages."""

from __future__ import annotations

from pytest_ftgate.data import checks as data_checks
from pytest_ftgate.files import BESIDE, STATE
from pytest_ftgate.gate import checks as gate_checks
from pytest_ftgate.gate.exit_code import MEANINGS
from tools.reference.markdown import code, escaped, page, sentence, table

GATE = (
    "The gate promotes a candidate only if every check passes. INTEGRITY goes before REJECT, REJECT before HOLD. An "
    "advisory check is shown and decides nothing. Which checks a run has depends on golden.toml, pipeline.toml and on "
    "whether there is a champion; without a champion and without a floor nothing is promoted. See [Why the gate is "
    "strict](../explanation/gate.md)."
)
DATA = (
    "`ftgate data check FILE` runs these checks, and so does `pytest pipelines/NAME`, with an item for "
    "each: `pipelines/mail/pipeline.toml::data[duplicates]`. Under `--train` they run first, and an error"
    ' ends the run before a model is asked. `[data] allow = ["pii"]` in pipeline.toml, or `--allow pii`, '
    "turns errors of a check into warnings; in a pipeline not of `schema`, `method` and `validation`, as training "
    "refuses what they find."
)
CODES = (
    "What a run of `pytest` or a command `ftgate` ends with. Of several findings of a run, 2 to 5 go "
    "before 11, 11 before 1, 1 before 10, and 10 before 12."
)
FILES = "`.ftgate` below the rootdir, or `--ftgate-state-dir`. Keep it out of git; CI keeps it between runs."


def gate_page() -> str:
    """Every gate check."""
    rows = [(code(name), escaped(text)) for name, text in gate_checks.CHECKS.items()]
    return page("Gate checks", GATE, table(["check", "what must hold"], rows))


def data_page() -> str:
    """Every data check."""
    rows = [(code(name), sentence(text), sentence(level)) for name, (text, level) in data_checks.CHECKS.items()]
    return page("Data checks", DATA, table(["check", "finds", "level"], rows))


def exit_codes_page() -> str:
    """A paragraph for each exit code."""
    return page("Exit codes", CODES, *(f"## {n}: {title}\n\n{escaped(text)}" for n, (title, text) in MEANINGS.items()))


def state_page() -> str:
    """What is in the state folder, and beside a user's own files."""
    inside = table(["file", "meaning"], ((code(name), escaped(text)) for name, text in STATE.items()))
    beside = table(["file", "meaning"], ((code(name), escaped(text)) for name, text in BESIDE.items()))
    return page("Files in the state folder", FILES, inside, "## Files beside your own, to be committed", beside)
