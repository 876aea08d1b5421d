"""(model, rows) -> Batch: rows that are decoded together, one forward pass for each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import pad

from pytest_ftgate.serve.hf.prefix import Prefix
from pytest_ftgate.serve.hf.row import Row


class Batch:
    """Rows that are decoded together. All rows of the cache have one length; what a row lacks is masked.

    A step feeds each row its new tokens, padded on the left to the longest: prompt and decoding are the same step.
    """

    def __init__(self, model: Any, rows: Sequence[Row], prefix: Prefix) -> None:
        self.model, self.rows = model, list(rows)
        self.cache = prefix.cache_for(len(rows))
        known = len(prefix.tokens)
        self.mask = torch.ones(len(rows), known, dtype=torch.long, device=model.device)
        for row in rows:
            row.feed, row.seen = row.feed[known:], known

    def step(self) -> torch.Tensor:
        """Feed what is new; the logits [rows, vocabulary] of the next token of each row."""
        width = max(len(row.feed) for row in self.rows)
        ids, mask, positions = torch.zeros(3, len(self.rows), width, dtype=torch.long)
        for i, row in enumerate(self.rows):
            new = slice(width - len(row.feed), width)
            ids[i, new], mask[i, new] = torch.tensor(row.feed), 1
            positions[i, new] = torch.arange(row.seen, row.seen + len(row.feed))
            row.seen += len(row.feed)
        return self._forward(*(part.to(self.model.device) for part in (ids, mask, positions)))

    def _forward(self, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        self.mask = torch.cat([self.mask, mask], dim=1)
        output = self.model(
            input_ids=ids,
            attention_mask=self.mask,
            position_ids=positions,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: torch.Tensor = output.logits[:, -1]
        return logits

    def drop_finished(self) -> None:
        """Take finished rows out of the cache."""
        alive = [i for i, row in enumerate(self.rows) if not row.finish]
        if len(alive) == len(self.rows):
            return
        self.rows = [self.rows[i] for i in alive]
        if alive:
            index = torch.tensor(alive)  # on the CPU it fits a mask and layers that lie on several GPUs
            self.mask = self.mask[index]
            self.cache.batch_select_indices(index)

    def join(self, other: Batch) -> None:
        """Take in the rows of another batch; the shorter of the two caches is padded on the left and masked."""
        longest = max(self.mask.shape[1], other.mask.shape[1])
        ours, theirs = longest - self.mask.shape[1], longest - other.mask.shape[1]
        self.mask = torch.cat([pad(self.mask, (ours, 0)), pad(other.mask, (theirs, 0))])
        for mine, more in zip(self.cache.layers, other.cache.layers, strict=True):
            mine.keys = torch.cat([pad(mine.keys, (0, 0, ours, 0)), pad(more.keys, (0, 0, theirs, 0))])
            mine.values = torch.cat([pad(mine.values, (0, 0, ours, 0)), pad(more.values, (0, 0, theirs, 0))])
        self.rows += other.rows
