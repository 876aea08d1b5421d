"""All clients, the same cases, one server -> times side by side: medians of alternating rounds.

    python -m bench.evals                       everything, and the table in bench/README.md
    python -m bench.evals --only ftgate,bare --rounds 5 --no-write

Each run is a process of its own, timed from start to exit; the server, a process of its own too, counts the requests.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench import environments
from bench.cases import write_cases
from bench.peers import BARE, CLIENTS_IN_ORDER, OURS, Client, Job
from bench.process import BenchError, Run, Server, run
from bench.startup import Startup, measure_startup
from bench.table import Results, write_results

Runs = dict[str, list[Run]]
DELAYS_MS = (0.0, 50.0)


def one(client: Client, number: int, delay_ms: float) -> Run:
    """One run of one client in a fresh folder. Raises BenchError if it did not ask and pass every case."""
    folder = Path(tempfile.mkdtemp(prefix="ftgate-bench-"))
    try:
        with Server(delay_ms) as server:
            job = Job(folder, write_cases(folder, number), server.base_url)
            client.prepare(client, job)
            done = run(client.command(client, job), folder, client.variables(job))
        seen = server.seen
        done = replace(
            done,
            asked_s=seen["last_s"] - seen["first_s"],
            requests=int(seen["requests"]),
            most_in_flight=int(seen["most_in_flight"]),
        )
        client.check(done, number)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return done


def alternate(clients: Sequence[Client], number: int, delay_ms: float, rounds: int, reasons: dict[str, str]) -> Runs:
    """Each client once a round. One that fails is left out from then on; `reasons` then says why."""
    runs: Runs = {client.name: [] for client in clients}
    for turn in range(rounds):
        for client in clients:
            if client.name not in reasons:
                try:
                    runs[client.name].append(one(client, number, delay_ms))
                except BenchError as error:
                    reasons[client.name] = str(error)
                    print(error, flush=True)
                else:
                    _say(client, number, delay_ms, turn, runs[client.name][-1])
    return runs


def _say(client: Client, number: int, delay_ms: float, turn: int, done: Run) -> None:
    print(
        f"round {turn + 1}: {client.name:<15} {number:>7,} cases, {delay_ms:g} ms: {done.wall_s:8.2f} s wall, "
        f"{done.cpu_s:7.2f} s CPU, {done.rss_mb:5.0f} MB, {done.most_in_flight} in flight, load {done.load:.1f}",
        flush=True,
    )


def middle(runs: Iterable[Run]) -> Run:
    """The run made of the medians."""
    some = list(runs)
    keys = ("wall_s", "cpu_s", "rss_mb", "load", "asked_s")
    return replace(some[0], **{key: median(getattr(one, key) for one in some) for key in keys})


def measure(options: argparse.Namespace) -> Results:
    """All measurements of one run."""
    reasons: dict[str, str] = {}
    wanted = options.only.split(",") if options.only else [client.name for client in CLIENTS_IN_ORDER]
    clients = [client for client in CLIENTS_IN_ORDER if client.name in wanted and _made(client, reasons)]
    peers = {delay: _medians(alternate(clients, options.cases, delay, options.rounds, reasons)) for delay in DELAYS_MS}
    pair = [client for client in (BARE, OURS) if client in clients]
    sizes = {
        (number, delay): _medians(alternate(pair, number, delay, options.rounds if number < 50_000 else 1, reasons))
        for number, delay in ([] if options.quick else SIZES)
    }
    versions = {client.name: environments.version(client) for client in clients}
    return Results(peers, sizes, _startup(options, pair), versions, reasons, options.cases, options.rounds)


SIZES = ((10_000, 50.0), (10_000, 0.0), (4_000, 0.0), (8_000, 0.0), (100_000, 0.0))


def _startup(options: argparse.Namespace, pair: Sequence[Client]) -> Startup | None:
    return None if options.quick or OURS not in pair else measure_startup(max(7, options.rounds))


def _made(client: Client, reasons: dict[str, str]) -> bool:
    try:
        environments.make(client)
    except BenchError as error:
        reasons[client.name] = f"not installed: {error}"
        print(error, flush=True)
        return False
    return True


def _medians(runs: Runs) -> dict[str, Run]:
    return {name: middle(some) for name, some in runs.items() if some}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds in which the clients take turns (default 5)")
    parser.add_argument("--cases", type=int, default=1000, help="cases for the comparison with peers (default 1000)")
    parser.add_argument("--only", default="", help="names of clients, separated by commas: " + ", ".join(_names()))
    parser.add_argument("--quick", action="store_true", help="only the comparison with peers")
    parser.add_argument("--no-write", action="store_true", help="print the table, leave bench/README.md alone")
    options = parser.parse_args()
    write_results(measure(options), write=not options.no_write)


def _names() -> list[str]:
    return [client.name for client in CLIENTS_IN_ORDER]


if __name__ == "__main__":
    main()
