"""Merged model -> the same in 4 bits, by llm-compressor, which looks at training rows to keep what matters.

It wants other versions of transformers and compressed-tensors than training and vLLM do, so it lives in an environment
of its own, whose Python runs `calibrated_script.py`; rows go there as token ids, and weights come back in a folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.serve.chat_format import ChatFormat
from pytest_ftgate.serve.compute import COMPUTING
from pytest_ftgate.serve.forms.calibration import Calibration
from pytest_ftgate.serve.forms.data_free import linear_layers
from pytest_ftgate.serve.forms.form import Form
from pytest_ftgate.serve.forms.program import run_program
from pytest_ftgate.serve.forms.quiet import quiet
from pytest_ftgate.serve.forms.text_files import copy_text_files

LONGEST = 2048
"""Tokens of a row that are looked at."""

GROUPS = (128, 64, 32)
"""Numbers of a row that share a scale: the first that divides the rows of every layer."""

TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")

SCRIPT = Path(__file__).with_name("calibrated_script.py")

INSTALL = "python -m venv quantize && quantize/bin/pip install llmcompressor"
SHOWN = 6
"""Last lines of a program that failed."""


def quantize_calibrated(  # noqa: PLR0913, PLR0917
    folder: Path,
    form: Form,
    dest: Path,
    say: Callable[[str], None],
    python: Path | None,
    calibration: Calibration | None,
) -> tuple[str, ...]:
    """Write a merged model in 4 bits into the folder `dest`, which is there; what was done.

    python: of an environment with llm-compressor. Raises ServeError without it or without rows, if it has no
    llm-compressor, and if that fails.
    """
    if python is None:
        raise without_python(form)
    if calibration is None or not calibration.rows:
        raise ServeError(f"{form} needs rows to calibrate with\n    pass the training file: --calibration FILE")
    with quiet():
        group, head = _group_size(folder)
    rows = [list(row[:LONGEST]) for row in calibration.rows]
    say(f"quantising to {form} by llm-compressor: {len(rows)} training rows, scales for groups of {group}")
    with TemporaryDirectory(prefix="ftgate-calibrate-") as place:
        job = Path(place, "job.json")
        job.write_text(
            json.dumps(
                {
                    "model": str(folder),
                    "dest": str(dest),
                    "method": form.kind,
                    "rows": rows,
                    "group": group,
                    "ignore": [head],
                    "seed": calibration.seed,
                    "longest": LONGEST,
                }
            ),
            encoding="utf-8",
        )
        version = _run(python, job, Path(place))
    _own_text_files(folder, dest)
    said = f"{form}: 4 bits in groups of {group}, by llm-compressor {version}, calibrated on {len(rows)} training rows"
    say(said)
    return (said,)


def without_python(form: Form) -> ServeError:
    """What to do for a form that another environment makes."""
    return ServeError(
        f"{form} is made by llm-compressor, in an environment of its own\n"
        f"    {INSTALL}; then pass --quantize-python quantize/bin/python"
    )


def _group_size(folder: Path) -> tuple[int, str]:
    from safetensors import safe_open

    layers, head = linear_layers(folder)
    widths: set[int] = set()
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, "pt") as weights:
            names = [name for name in weights.keys() if name.removesuffix(".weight") in layers]  # noqa: SIM118
            widths |= {weights.get_slice(name).get_shape()[-1] for name in names}
    for group in GROUPS:
        if all(width % group == 0 for width in widths):
            return group, head
    raise ServeError(
        f"{folder}: rows of {min(widths)} numbers cannot be cut into groups of {GROUPS[-1]}; export it as int8 or fp8"
    )


def _run(python: Path, job: Path, place: Path) -> str:
    """The version of llm-compressor. What it prints is kept for a message."""
    command = [str(python), "-I", str(SCRIPT), str(job)]
    done = run_program(f"--quantize-python {python}", command, place, _environment())
    if done.code == 0 and done.stdout.strip():
        return done.stdout.strip().splitlines()[-1]
    if "No module named 'llmcompressor'" in done.stderr:
        raise ServeError(f"--quantize-python {python}: llm-compressor is not installed there\n    {INSTALL}")
    last = "\n    ".join(one_line(line) for line in done.stderr.strip().splitlines()[-SHOWN:])
    raise ServeError(f"--quantize-python {python}: llm-compressor ended with {done.code}\n    {last}")


def _environment() -> dict[str, str]:
    """Ours without what would lead another Python to our packages."""
    import os

    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return kept | COMPUTING | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def _own_text_files(folder: Path, dest: Path) -> None:
    """The text files of the model, not those that another version of transformers has written, and no recipe."""
    for name in (*TOKENIZER, "recipe.yaml"):
        dest.joinpath(name).unlink(missing_ok=True)
    copy_text_files(folder, ChatFormat(), dest)
