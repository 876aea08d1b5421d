"""Two models -> how far apart their logits are on some prompts, and whether that is rounding or another model."""

from __future__ import annotations

from typing import Any

import torch

from pytest_ftgate.errors import ServeError

PROMPTS = (
    "Answer in one word. Is this message spam?\n\nCongratulations! You have won a prize of 1,000 dollars. Call now!",
    "The quick brown fox jumps over the lazy dog, and then",
    "Übersetze: Der Zug nach Zürich fährt um 7:45 Uhr von Gleis 3 ab.",
    'def total(rows):\n    return sum(row["amount"] for row in rows if row["paid"])\n',
    "东京の天気は? 🌧️ or ☀️",
)
"""Read as plain text. Every position of each is compared, so that a hundred and more next tokens are."""

TOLERANCE = {"float32": 1e-4, "float16": 1e-2, "bfloat16": 5e-2}
"""Mean distance of logits over their standard deviation. Rounding to bfloat16 moves a weight by a 512th at most."""


@torch.inference_mode()
def logits_of(model: Any, tokenizer: Any) -> torch.Tensor:
    """[positions, vocabulary] in float32, of all prompts one after the other."""
    device = next(model.parameters()).device
    rows = [torch.tensor([tokenizer(text)["input_ids"]], device=device) for text in PROMPTS]
    return torch.cat([model(input_ids=row).logits[0].float().cpu() for row in rows])


def check_close(what: str, expected: torch.Tensor, found: torch.Tensor, dtype: str) -> str:
    """A sentence with the distance. Raises ServeError if it is above the limit of the precision, or not a number."""
    distance = float((found - expected).abs().mean() / expected.std())
    same = float((found.argmax(-1) == expected.argmax(-1)).float().mean())
    text = (
        f"{what}: logits differ from base + adapter by {distance:.1e} of their standard deviation "
        f"(limit {TOLERANCE[dtype]:.0e}), the likeliest token is the same at {same:.1%} of {len(found)} positions"
    )
    if not distance <= TOLERANCE[dtype]:
        raise ServeError(
            f"{text}; not written\n    serve the adapter unmerged, or export in another dtype: report this model's name"
        )
    return text
