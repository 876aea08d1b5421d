"""`ftgate serve TASK`: the champion, straight from the registry -> an OpenAI-compatible server that follows it."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shlex
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import open_existing, registry_options, say, task_name
from pytest_ftgate.cli.numbers import seconds, whole
from pytest_ftgate.cli.own_options import in_own_options
from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.production.engines import Loaded

KEY_VARIABLE = "FTGATE_SERVE_KEY"
CACHE_TTL_S = 3600
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("serve", parents=[registry_options()], help="serve the champion of a task")
    parser.add_argument("task", type=task_name, metavar="TASK")
    parser.add_argument("--base", metavar="DIR", help="base model folder, if it was moved since the test")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=8000, help="port to listen on; 0: any free one (default 8000)")
    parser.add_argument("--name", default="", help="model name that clients ask for (default TASK)")
    parser.add_argument(
        "--key-file", type=Path, metavar="FILE", help=f"API keys of clients, one per line (default: {KEY_VARIABLE})"
    )
    engine = parser.add_argument_group("engine")
    engine.add_argument(
        "--engine",
        choices=("auto", "vllm", "transformers", "llamacpp"),
        default="auto",
        help="auto: the one that the champion was gated with, or none",
    )
    engine.add_argument("--vllm", default="", metavar="CMD", help="vllm executable (default: vllm on PATH)")
    engine.add_argument("--vllm-args", default="", metavar="ARGS", help="further arguments of `vllm serve`, quoted")
    engine.add_argument(
        "--start-limit", type=seconds, metavar="SECONDS", help="until the engine must be ready (default 300, vLLM 600)"
    )
    swap = parser.add_argument_group("taking over and stopping")
    swap.add_argument(
        "--follow",
        type=seconds,
        default=2.0,
        metavar="SECONDS",
        help="how often to ask the registry for a new champion; 0: never (default 2)",
    )
    swap.add_argument(
        "--grace",
        type=seconds,
        default=5.0,
        metavar="SECONDS",
        help="after SIGTERM, still answer new requests this long while /ready is 503 (default 5)",
    )
    swap.add_argument(
        "--drain",
        type=seconds,
        default=30.0,
        metavar="SECONDS",
        help="then let requests in flight finish within this time (default 30)",
    )
    cache = parser.add_argument_group("result cache")
    cache.add_argument("--cache", default="", metavar="URL", help="Redis for answers at temperature 0 (redis://...)")
    cache.add_argument(
        "--cache-ttl", type=whole(1), metavar="SECONDS", help=f"how long they are kept (default {CACHE_TTL_S})"
    )
    parser.add_argument(
        "--log",
        type=Path,
        metavar="FILE",
        help="append questions and answers as JSON lines, for `ftgate live sample`",
    )
    parser.set_defaults(run=serve)


def serve(args: argparse.Namespace) -> int:
    """Serve the champion until a signal; 0 if it was stopped by one."""
    keys = _keys(args.key_file)
    if args.cache_ttl and not args.cache:
        raise FtgateError("--cache-ttl without --cache: there is no cache\n    pass --cache URL too, or leave it out")
    if args.host not in LOOPBACK and not keys:
        say(f"warning: {args.host} is reachable from outside and no key is set: --key-file FILE or {KEY_VARIABLE}")
    asyncio.run(_serve(args, keys))
    tell("stopped")
    return 0


async def _serve(args: argparse.Namespace, keys: list[str]) -> None:
    from pytest_ftgate.pipeline.production.engines import Engines
    from pytest_ftgate.pipeline.production.follow import Follower
    from pytest_ftgate.pipeline.production.serving import Listening
    from pytest_ftgate.pipeline.production.serving import serve as serve_until_signal
    from pytest_ftgate.pipeline.progress import Console
    from pytest_ftgate.serve.front.app import Front
    from pytest_ftgate.serve.front.metrics import FrontMetrics
    from pytest_ftgate.serve.front.request_log import RequestLog
    from pytest_ftgate.serve.front.result_cache import ResultCache
    from pytest_ftgate.serve.front.state import FrontState
    from pytest_ftgate.serve.servers.engine_pool import EngineSettings

    def worded(text: str) -> str:
        return in_own_options(text, args)

    def told(text: str) -> None:
        tell(worded(text))

    begin = time.monotonic()
    registry = open_existing(args)
    state = FrontState(args.name or args.task, FrontMetrics(), task=args.task)
    cache = ResultCache(args.cache, args.cache_ttl or CACHE_TTL_S, state.metrics) if args.cache else None
    log = RequestLog(args.log, state.name, state.metrics, told) if args.log else None
    settings = EngineSettings(
        args.engine,
        args.state_dir / "logs",
        vllm=args.vllm,
        vllm_args=_words(args.vllm_args),
        start_limit_s=args.start_limit,
    )
    label = f"serve-{args.task}-{re.sub(r'[^A-Za-z0-9.-]', '-', socket.gethostname())}-{os.getpid()}"
    engines = Engines(registry, settings, Console(sys.stderr, told), args.base, label)
    follower = Follower(state, engines, args.task, args.follow, told)
    follower.worded = worded

    def ready(address: str, loaded: Loaded) -> None:
        _say_ready(address, loaded, state.name, time.monotonic() - begin, with_key=bool(keys))

    listening = Listening(args.host, args.port, args.drain, args.grace)
    await serve_until_signal(Front(state, keys, cache, log), follower, listening, ready)


def tell(text: str) -> None:
    """A reader of the output that has gone ends no server."""
    try:
        say(text)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say_ready(address: str, loaded: Loaded, name: str, seconds: float, *, with_key: bool) -> None:
    from pytest_ftgate.serve.precision import choice

    version = loaded.version
    what = f"adapter {version.digest[:12]} and base model" if loaded.model.adapter else f"model {version.digest[:12]}"
    tell(f"{version}: {what} verified; {choice(loaded.model.dtype)}; {loaded.engine.name}")
    if loaded.proof:
        tell(f"  {loaded.proof}")
    found = seconds - loaded.seconds
    tell(f"v{version.number} ready after {seconds:.0f} s, download included (find {found:.1f} s, {loaded.steps})")
    tell(f"serving {name} at {address} until Ctrl-C; example:")
    body = f'{{"model": "{name}", "messages": [{{"role": "user", "content": "..."}}]}}'
    tell(f"  curl {address}/chat/completions -H 'Content-Type: application/json' \\")
    if with_key:
        tell(f'    -H "Authorization: Bearer ${KEY_VARIABLE}" \\')
    tell(f"    -d '{body}'")


def _keys(file: Path | None) -> list[str]:
    """The keys that clients may send; none: everyone is answered. Raises FtgateError."""
    from pytest_ftgate.files.secrets import remember, secret_in

    if file is None:
        found = secret_in(KEY_VARIABLE)
        return [_key(found, KEY_VARIABLE)] if found else []
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FtgateError(f"--key-file {file}: cannot be read: {error}") from None
    numbered = [(number, line.strip()) for number, line in enumerate(lines, 1)]
    written = [(number, line) for number, line in numbered if line and not line.startswith("#")]
    keys = [_key(remember(line), f"--key-file {file}:{number}") for number, line in written]
    if not keys:
        raise FtgateError(f"--key-file {file}: it holds no key\n    write one key per line, or leave out --key-file")
    return list(keys)


def _key(key: str, where: str) -> str:
    """A key as a header can carry it. The message does not show it."""
    if not (key.isascii() and key.isprintable()) or " " in key:
        wrong = "the key has a character that a header cannot carry"
        raise FtgateError(f"{where}: {wrong}\n    use letters, digits and signs of ASCII, without spaces")
    return key


def _words(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise FtgateError(f"--vllm-args {text!r}: {error}") from None


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text[:6]) < 2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)
