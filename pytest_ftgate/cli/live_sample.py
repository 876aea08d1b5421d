"""`ftgate live sample LOG...`: logs of production -> an anonymised sample in the labelling queue."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.cli.common import say, say_table
from pytest_ftgate.cli.live_options import keep_private, live_options, pipeline_of, say_counts, suites_of
from pytest_ftgate.cli.numbers import whole

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.live.live_input import LiveInput
    from pytest_ftgate.pipeline.live.sample import Sample

SIZE = 100


def add(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `ftgate live`."""
    parser = kinds.add_parser(
        "sample", parents=[live_options()], help="draw new production inputs, anonymised, into the labelling queue"
    )
    parser.add_argument(
        "logs",
        nargs="+",
        type=Path,
        metavar="LOG",
        help="requests of `ftgate serve`, OpenAI requests with responses, or vLLM's own log",
    )
    parser.add_argument("--size", type=whole(1), default=SIZE, metavar="N", help=f"inputs to draw (default {SIZE})")
    parser.add_argument("--seed", type=whole(0, 2**32 - 1), default=0, metavar="N", help="random seed (default 0)")
    parser.set_defaults(run=live_sample)


def live_sample(args: argparse.Namespace) -> int:
    """Read, anonymise, leave out what is known, draw, keep."""
    from pytest_ftgate.data.request_log.read import read_requests
    from pytest_ftgate.files.digest import file_digest
    from pytest_ftgate.pipeline.data_access import record_access
    from pytest_ftgate.pipeline.live.sample import Beside, sample
    from pytest_ftgate.pipeline.live.store import LiveStore

    pipeline = pipeline_of(args)
    suites = suites_of(args, pipeline)
    requests = [request for log in args.logs for request in read_requests(log, say)]
    wanted: dict[str, Any] = {"logs": sorted(map(file_digest, args.logs)), "golden": suites[0].name}
    wanted |= {"size": args.size, "seed": args.seed}
    keep_private(args.state_dir)
    with LiveStore(args.state_dir, args.task) as store:
        if before := next((each for each in store.samples() if each["draw"] == wanted), None):
            say(f"{args.task}: this sample was drawn already: {len(before['inputs'])} inputs; another: --seed N")
            return 0
        record_access(args.state_dir, pipeline, "live sample", suites)
        drawn = sample(requests, Beside(suites, pipeline.data_files, store.sampled()), args.size, args.seed)
        store.add_sample(wanted, drawn.inputs)
    _tell(args, len(requests), drawn)
    return 0


def _tell(args: argparse.Namespace, requests: int, drawn: Sample) -> None:
    say(f"{args.task}: {len(drawn.inputs)} of {sum(drawn.strata.values()):,} new inputs in {requests:,} requests drawn")
    if drawn.known:
        say("left out, as already among them, or nearly so:")
        say_counts(dict(drawn.known))
    if drawn.strata:
        say_table([("stratum", "new", "drawn"), *_rows(drawn.strata, drawn.inputs)], indent="  ")
    if not drawn.drift:
        say("  without a stratum of inputs unlike training: that needs 10 new inputs and 10 training rows")
    if drawn.inputs:
        say(f"next: ftgate live label --task {args.task}" + (f" --golden {args.golden}" if args.golden else ""))


def _rows(strata: Any, inputs: tuple[LiveInput, ...]) -> list[tuple[str, str, str]]:
    return [
        (name, f"{count:,}", f"{sum(each.stratum == name for each in inputs):,}")
        for name, count in sorted(strata.items())
    ]
