"""`ftgate serve TASK`: the champion, straight from the registry -> an OpenAI-compatible server until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import open_existing, registry_options, say, task_name
from pytest_ftgate.errors import RegistryError
from pytest_ftgate.pipeline.production.base_models import base_folder
from pytest_ftgate.pipeline.production.steps import Steps
from pytest_ftgate.registry.model_tags import ENGINE, model_of

if TYPE_CHECKING:
    from pytest_ftgate.registry import Version
    from pytest_ftgate.serve.engine import Endpoint, Engine
    from pytest_ftgate.serve.model import Model

LOOK_EVERY_S = 5.0
"""How often the server is asked whether it is alive."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("serve", parents=[registry_options()], help="serve the champion of a task")
    parser.add_argument("task", type=task_name, metavar="TASK")
    parser.add_argument("--base", metavar="DIR", help="base model folder, if it was moved since the test")
    parser.set_defaults(run=serve)


def serve(args: argparse.Namespace) -> int:
    """Fetch the champion, check its digests, serve it until a signal comes."""
    from pytest_ftgate.serve.precision import choice

    steps = Steps()
    registry = open_existing(args)
    champion = registry.champion(args.task)
    steps.done("find")
    if champion is None:
        raise RegistryError(f"{args.task} has no champion yet; see `ftgate status`")
    adapter = registry.fetch(champion)
    steps.done("fetch and verify")
    base = base_folder(registry, champion, args.base, say)
    steps.done("base model")
    model = model_of(champion, adapter, base)
    steps.done("verify base model")
    _say_engine(champion)
    say(f"{champion}: adapter {champion.digest[:12]} and base model verified; {choice(model.dtype)}")
    log = args.state_dir / "logs" / f"serve-{args.task}.log"
    with _stopped_by_signal(), _running(model, log) as engine:
        endpoint = engine.endpoint(model)
        steps.done("start and probe")
        say(f"v{champion.number} ready after {steps.total:.0f} s, download included ({steps})")
        _say_address(endpoint)
        while True:
            time.sleep(LOOK_EVERY_S)
            engine.check()
    say("stopped")
    return 0


def _say_engine(champion: Version) -> None:
    """That the champion answers here through another program than the one that it was gated with."""
    from pytest_ftgate.serve.servers.engine_identity import identity

    gated, here = champion.tags.get(ENGINE, ""), identity("transformers")
    if gated and gated != here:
        say(f"{champion} was gated with {gated}, and is served here with {here}: answers may differ")
        say("    to be served as it was gated, load it into that engine: see deploy and roll back in the documentation")


@contextmanager
def _running(model: Model, log: Path) -> Iterator[Engine]:
    from pytest_ftgate.pipeline.progress import Console
    from pytest_ftgate.serve.hf.engine import TransformersEngine
    from pytest_ftgate.serve.hub import fetched, in_megabytes

    engine, console = TransformersEngine(model, log), Console(sys.stderr, say)
    try:
        with console.progress(f"downloading {model.base}", None) as advance:
            fetched(model, in_megabytes(advance), say)
        with console.progress(f"starting {engine.name}", None) as advance:
            engine.start(lambda line: advance(0, line))
        yield engine
    finally:
        engine.stop()


@contextmanager
def _stopped_by_signal() -> Iterator[None]:
    """SIGTERM and Ctrl-C end the block, also while the server starts; so it is stopped, not orphaned."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say_address(endpoint: Endpoint) -> None:
    """The key is made for this server alone and dies with it; without it nobody could ask anything."""
    say(f"serving {endpoint.model} at {endpoint.base_url} until Ctrl-C; example:")
    body = f'{{"model": "{endpoint.model}", "messages": [{{"role": "user", "content": "..."}}]}}'
    say(f"  curl {endpoint.base_url}/chat/completions -H 'Content-Type: application/json' \\")
    if endpoint.api_key:
        say(f"    -H 'Authorization: Bearer {endpoint.api_key}' \\")
    say(f"    -d '{body}'")
