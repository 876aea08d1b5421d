"""vLLM's own parser over our command lines, and what it makes of a model with penalties of its own.

In a process of its own: importing vLLM takes 20 s, and changes how torch, ray and logging behave.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.vllm.command import VllmSettings, arguments, spread
from pytest_ftgate.serve.vllm.options import HARMLESS, OURS
from tests.e2e.vllm_models import need_vllm
from tests.unit.serve.conftest import make_model, make_tokenizer

PARSE = """
import json, sys
from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.utils.argparse_utils import FlexibleArgumentParser

lines, folder = json.load(sys.stdin)
parser = make_arg_parser(FlexibleArgumentParser())
known = {option for action in parser._actions for option in action.option_strings}
keys = ("model_tag", "dtype", "max_model_len", "generation_config", "api_server_count", "max_lora_rank", "seed",
        "data_parallel_size", "quantization", "revision", "block_size", "kv_cache_memory_bytes", "enable_lora")
parsed = []
for line in lines:
    found = parser.parse_args(line[1:])
    validate_parsed_serve_args(found)
    parsed.append({key: getattr(found, key) for key in keys})
defaults = {}
for way in ("vllm", "auto"):
    config = AsyncEngineArgs(model=folder, generation_config=way, dtype="float32").create_model_config()
    ends = config.try_get_generation_config().get("eos_token_id")
    defaults[way] = [config.get_diff_sampling_param(), ends]
print("\\n" + json.dumps({"known": sorted(known), "parsed": parsed, "defaults": defaults}))
"""


@pytest.fixture(scope="module")
def parsed(tmp_path_factory):
    """Of each command line what vLLM reads in it; its options; the defaults of sampling by --generation-config."""
    need_vllm()
    folder = tmp_path_factory.mktemp("base")
    tokenizer = make_tokenizer()
    make_model(len(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    defaults = {"repetition_penalty": 1.3, "top_k": 20, "eos_token_id": [2, 0]}
    (folder / "generation_config.json").write_text(json.dumps(defaults))
    replicas = VllmSettings("", ("--data-parallel-size", "2"))
    lines = [
        arguments(Model(str(folder), dtype="float32"), "name", 8000, 8, cpu=True, context=2048),
        arguments(Model("org/name", "abc", "bfloat16", "bitsandbytes"), "name", 8000, 64, cpu=False),
        [*arguments(Model("org/name"), "name", 1, 8, cpu=False, context=4096), *spread(replicas), *replicas.arguments],
    ]
    done = subprocess.run(
        [sys.executable, "-c", PARSE],
        input=json.dumps([lines, str(folder)]),
        env={**os.environ, "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_vllm_reads_our_lines_as_they_are_meant(parsed):
    cpu, quantised, replicas = parsed["parsed"]
    assert (cpu["max_model_len"], cpu["block_size"], cpu["kv_cache_memory_bytes"]) == (2048, 32, 512 * 2**20)
    assert (quantised["max_model_len"], quantised["max_lora_rank"]) == (-1, 64), "the most that fits"
    assert (quantised["quantization"], quantised["revision"]) == ("bitsandbytes", "abc")
    assert (replicas["data_parallel_size"], replicas["api_server_count"]) == (2, 1)
    assert [each["api_server_count"] for each in (cpu, quantised)] == [None, None]
    assert all(each["generation_config"] == "vllm" and each["enable_lora"] for each in parsed["parsed"])


def test_the_models_own_penalties_are_left_out_and_its_ends_are_kept(parsed):
    assert parsed["defaults"]["auto"] == [{"repetition_penalty": 1.3, "top_k": 20}, [2, 0]]
    assert parsed["defaults"]["vllm"] == [{}, [2, 0]]


def test_every_argument_that_is_named_here_is_one_of_vllm(parsed):
    assert (HARMLESS | OURS) - {"--grpc-port"} <= set(parsed["known"]), sorted(HARMLESS - set(parsed["known"]))
