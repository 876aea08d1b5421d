"""(TrainJob, folder) -> tokens.json of its first rows, before anything is trained; in a process of its own.

`python -m pytest_ftgate.train.preview FOLDER` reads FOLDER/preview.json and writes FOLDER/tokens.json.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pytest_ftgate.errors import FtgateError, TrainError
from pytest_ftgate.files.escape import printable
from pytest_ftgate.serve.device import this_device
from pytest_ftgate.train.job import TOKENS_FILE, TrainJob
from pytest_ftgate.train.launch_line import environment

JOB = "preview.json"
FAULT = 3
"""Exit code: standard output says what the user can mend."""


def preview(job: TrainJob, folder: Path) -> Path:
    """The file with messages, token ids and text of the first ten rows, as the trainer makes them.

    Raises TrainError: a fault in these rows, or a chat template that garbles them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    job.write(folder / JOB)
    command = [sys.executable, "-m", "pytest_ftgate.train.preview", str(folder)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment(job, this_device())}, check=False
    )
    (folder / JOB).unlink(missing_ok=True)
    if done.returncode == FAULT:
        raise TrainError(printable(done.stdout.strip()))
    if done.returncode:
        raise TrainError(f"tokenising the first rows failed; last lines:\n{_tail(done.stderr)}")
    return folder / TOKENS_FILE


def _tail(text: str) -> str:
    return "\n".join(f"    {printable(line)}" for line in text.strip().splitlines()[-20:])


def main(folder: Path) -> int:
    """Exit code: 0 written, 3 a fault of the user's, told on standard output."""
    from pytest_ftgate.train.models import load_tokenizer
    from pytest_ftgate.train.rows import TOKENS_ROWS, training_rows, write_tokens

    job = TrainJob.read(folder / JOB)
    try:
        tokenizer = load_tokenizer(job)
        write_tokens(folder / TOKENS_FILE, tokenizer, training_rows(job, tokenizer, TOKENS_ROWS))
    except FtgateError as error:
        sys.stdout.write(str(error))
        return FAULT
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
