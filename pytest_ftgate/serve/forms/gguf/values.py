"""(values, type of ggml) -> the bytes of a tensor: by gguf in numpy, K types by the ggml inside xllamacpp."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import ServeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FUNCTION = "ggml_quantize_chunk"
"""Of ggml.h: the function that llama.cpp's own quantiser calls."""


def quantised(values: NDArray[Any], kind: Any) -> NDArray[Any]:
    """Values [rows, row] in float32 -> as GGUFWriter takes them. Raises ServeError if xllamacpp lacks the function."""
    from gguf.quants import quantize

    if not kind.name.endswith("_K"):
        found: NDArray[Any] = quantize(values, kind)
        return found
    return _by_ggml(values, kind)


def _by_ggml(values: NDArray[Any], kind: Any) -> NDArray[Any]:
    import numpy as np

    from pytest_ftgate.serve.forms.gguf.types import row_bytes

    rows, row = len(values), values.shape[-1]
    source = np.ascontiguousarray(values, dtype=np.float32)
    found = np.empty((rows, row_bytes(row, kind)), dtype=np.uint8)
    written = _function()(int(kind), source.ctypes.data, found.ctypes.data, 0, rows, row, None)
    if written != found.nbytes:
        raise ServeError(f"ggml wrote {written} bytes of {kind.name}, expected {found.nbytes}; report this")
    return found


@cache
def _function() -> Any:
    """The function of ggml, which the library of xllamacpp carries."""
    from xllamacpp import xllamacpp

    try:
        function = getattr(ctypes.CDLL(xllamacpp.__file__), FUNCTION)
    except (OSError, AttributeError):
        raise ServeError(
            f"this xllamacpp has no {FUNCTION}, which makes Q4_K\n    export gguf:Q8_0, or name a --converter"
        ) from None
    number = ctypes.c_int64
    function.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, number, number, number, ctypes.c_void_p]
    function.restype = ctypes.c_size_t
    return function
