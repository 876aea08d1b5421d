"""Where the layers of a model lie, and that rows leave a batch whose layers lie apart."""

from __future__ import annotations

import pytest
import torch
from transformers import DynamicCache

from pytest_ftgate.serve.hf.batch import Batch
from pytest_ftgate.serve.hf.placement import free_bytes, placement, weight_bytes

GIB = 2**30


@pytest.mark.parametrize(
    ("weights", "free", "where"),
    [
        (16 * GIB, [], None),
        (16 * GIB, [15 * GIB], {"": 0}),
        (16 * GIB, [80 * GIB, 80 * GIB], {"": 0}),
        (16 * GIB, [18 * GIB, 22 * GIB], "auto"),
        (0, [24 * GIB, 24 * GIB], "auto"),
        (0, [24 * GIB], {"": 0}),
    ],
    ids=["cpu", "one", "fits", "does not fit", "unknown", "unknown, one"],
)
def test_a_model_is_on_one_gpu_unless_it_does_not_fit(weights, free, where):
    assert placement(weights, free) == where


def test_weights_are_counted_by_their_files(tmp_path):
    (tmp_path / "model-1.safetensors").write_bytes(b"x" * 600)
    (tmp_path / "model-2.safetensors").write_bytes(b"x" * 300)
    (tmp_path / "pytorch_model.bin").write_bytes(b"x" * 900)
    assert weight_bytes(str(tmp_path), None) == 900
    assert weight_bytes(str(tmp_path), "bitsandbytes") == 300
    assert weight_bytes("org/name", None) == 0


def test_without_a_gpu_none_is_free():
    assert free_bytes() == []


class Row:
    def __init__(self, finish):
        self.finish = finish


class Layers(DynamicCache):
    """A cache that takes an index as a tensor of another GPU does: only from the CPU."""

    def batch_select_indices(self, indices):
        assert indices.device.type == "cpu"
        super().batch_select_indices(indices)


def test_rows_leave_a_batch_whose_layers_lie_on_several_devices():
    batch = object.__new__(Batch)
    batch.rows = [Row("stop"), Row(""), Row("")]
    batch.mask = torch.ones(3, 5, dtype=torch.long, device="meta")
    batch.cache = Layers()
    for layer, device in enumerate(("meta", "cpu")):
        batch.cache.update(*torch.ones(2, 3, 2, 5, 4, device=device), layer)
    batch.drop_finished()
    assert [tuple(layer.keys.shape) for layer in batch.cache.layers] == [(2, 2, 5, 4)] * 2
    assert [layer.keys.device.type for layer in batch.cache.layers] == ["meta", "cpu"]
    assert tuple(batch.mask.shape) == (2, 5)
