"""Folder with request.json -> losses.json: the likelihood of answers, in a process of its own.

`python -m pytest_ftgate.train.token_losses DIR`; its end gives back all memory, of a GPU too, before a model is served
or trained.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

REQUEST, LOSSES = "request.json", "losses.json"
BATCH = 8
"""Rows of one forward pass."""


class Tokens(NamedTuple):
    """Ids of a row, at least one of each. The prompt's own do not count."""

    prompt: list[int]
    answer: list[int]


@dataclass(frozen=True, slots=True)
class Request:
    """model: folder. dtype: as torch calls it. pad: id of the padding."""

    model: str
    dtype: str
    pad: int
    rows: list[Tokens]

    def write(self, folder: Path) -> None:
        """Into the folder."""
        (folder / REQUEST).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Request:
        """What `write` wrote."""
        data = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
        return cls(**{**data, "rows": [Tokens(*row) for row in data["rows"]]})


def main(folder: Path) -> int:
    """Write the mean negative log-likelihood of each answer's tokens, in nats, or {"error": text} of the loading."""
    import torch

    request = Request.read(folder)
    try:
        model = _loaded(request)
    except (OSError, ValueError) as error:
        _write(folder, {"error": str(error)})
        return 1
    with torch.inference_mode():
        _write(folder, {"losses": _in_batches(model, request.rows, request.pad)})
    return 0


def _write(folder: Path, said: dict[str, Any]) -> None:
    (folder / LOSSES).write_text(json.dumps(said), encoding="utf-8")


def _loaded(request: Request) -> Any:
    """The model, on the GPU if there is one."""
    import torch

    from pytest_ftgate.serve.hf.weights import load_weights

    made = load_weights(request.model, None, getattr(torch, request.dtype), local_files_only=True)
    return made.eval().to("cuda" if torch.cuda.is_available() else "cpu")


def _in_batches(model: Any, rows: Sequence[Tokens], pad: int) -> list[float]:
    """The losses in the order of the rows; batches are of rows of like length."""
    found = [0.0] * len(rows)
    places = iter(sorted(range(len(rows)), key=lambda place: len(rows[place].prompt) + len(rows[place].answer)))
    while batch := list(islice(places, BATCH)):
        for place, loss in zip(batch, _losses(model, [rows[place] for place in batch], pad), strict=True):
            found[place] = loss
    return found


def _losses(model: Any, rows: Sequence[Tokens], pad: int) -> Iterator[float]:
    """Padded on the left, so that all answers end in one column and the head sees those columns alone."""
    import torch

    width = max(len(row.prompt) + len(row.answer) for row in rows)
    ids = torch.full((len(rows), width), pad)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        both = [*row.prompt, *row.answer]
        ids[i, width - len(both) :], mask[i, width - len(both) :] = torch.tensor(both), 1
    keep = max(len(row.answer) for row in rows) + 1
    asked = {"input_ids": ids, "attention_mask": mask, "position_ids": (mask.cumsum(1) - 1).clamp(min=0)}
    asked = {name: tensor.to(model.device) for name, tensor in asked.items()}
    logits = model(**asked, use_cache=False, logits_to_keep=keep).logits  # [rows, keep, vocabulary]
    chances: Tensor = logits[:, :-1].float().log_softmax(-1)
    wanted = asked["input_ids"][:, -keep + 1 :].unsqueeze(-1)
    spoken = chances.gather(-1, wanted).squeeze(-1)  # [rows, keep - 1]
    for row, line in zip(rows, spoken, strict=True):
        yield float(-line[-len(row.answer) :].mean())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
