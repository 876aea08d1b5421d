"""A GGUF -> llama.cpp's own server on 127.0.0.1, in a process of its own.

`python -m pytest_ftgate.serve.llamacpp.server --model FILE --served-name NAME --port N --context N --slots N
--threads N`; the key comes in the environment variable FTGATE_SERVER_KEY.
"""

from __future__ import annotations

import argparse
import os
import threading
from collections.abc import Sequence
from typing import Any

QUIET = 2
"""llama.cpp's level of output: errors and warnings."""


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until a signal ends the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--served-name", required=True)
    for name in ("--port", "--context", "--slots", "--threads"):
        parser.add_argument(name, type=int, required=True)
    args = parser.parse_args(argv)

    import xllamacpp

    _running = xllamacpp.Server(parameters(args, os.environ.pop("FTGATE_SERVER_KEY")))
    threading.Event().wait()


def parameters(args: argparse.Namespace, key: str) -> Any:
    """What the server is started with. context: tokens of one conversation, of which `slots` are answered at a time.

    No prompt is taken from the cache of another one: the same question has the same answer, whatever was asked before.
    The answer is the model's text as it is; llama.cpp would cut reasoning and tool calls out of it.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = args.model
    params.model_alias = {args.served_name}
    params.api_keys = [key]
    params.port = args.port
    params.n_ctx = args.context * args.slots
    params.n_parallel = args.slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = args.threads
    params.cache_prompt = False
    params.cache_ram_mib = 0
    params.reasoning_format = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE
    params.force_pure_content_parser = True
    params.endpoint_metrics = True
    params.ui = False
    params.verbosity = QUIET
    return params


if __name__ == "__main__":
    main()
