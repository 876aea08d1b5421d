"""The scan on a real Ray cluster of two workers: the local scan's findings, and only what a crash left undone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pyarrow
import pytest
from pyarrow import parquet

from pytest_ftgate.cli.main import main
from pytest_ftgate.data.near.rows import read_rows
from pytest_ftgate.errors import LeakageError, MissingExtra
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.golden.case import Case
from pytest_ftgate.leakage.check import Scan, find_leaks
from pytest_ftgate.leakage.cluster.journal import Journal, stamp_of
from pytest_ftgate.leakage.cluster.merge import one_after_another
from pytest_ftgate.leakage.cluster.pieces import Piece, pieces_of, rows_in
from pytest_ftgate.leakage.cluster.scan import scan_on_ray
from pytest_ftgate.leakage.cluster.session import ray_session
from pytest_ftgate.leakage.user_check import check_own
from tests.projects import write_rows
from tests.repository import ROOT
from tests.unit.leakage.leak_samples import words

PACKAGE = ROOT
FILES = ("t0.parquet", "t1.parquet", "t2.parquet", "t3.jsonl")
DYING = """
import os, pathlib, psutil, signal, sys
from pytest_ftgate.cli.main import main
from pytest_ftgate.leakage.cluster.journal import Journal

append = Journal.append

def append_and_die(*args):
    append(*args)
    pathlib.Path("pids").write_text(" ".join(str(child.pid) for child in psutil.Process().children(recursive=True)))
    os.kill(os.getpid(), signal.SIGKILL)

Journal.append = append_and_die
main(sys.argv[1:])
"""


def rows_of(file: int) -> list[dict[str, str]]:
    """100 rows, of which ten hold a golden each, and 25 the same one."""
    rows = [{"input": words(40, 1000 * (file + 1) + number), "expected": "no"} for number in range(100)]
    for number in range(10):
        rows[number * 7 + file]["input"] = f"{words(9, 90)} {words(20, file * 6 + number)} tail"
    for number in range(25):
        rows[number * 3 + 2]["input"] = words(20, 103)
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ray")
    for name, first in (("one", 0), ("two", 100)):
        lines = ({"id": f"g{n}", "input": words(20, first + n), "expected": "yes"} for n in range(30))
        write_rows(folder / f"goldens/{name}.golden.jsonl", lines)
    for number, name in enumerate(FILES[:3]):
        parquet.write_table(pyarrow.Table.from_pylist(rows_of(number)), folder / name, row_group_size=40)
    write_rows(folder / FILES[3], rows_of(3))
    return folder


@pytest.fixture(scope="module")
def suites(folder):
    return [load_suite(folder / f"goldens/{name}.golden.jsonl") for name in ("one", "two")]


@pytest.fixture(scope="module")
def killed(folder):
    """A run on a cluster of its own, under way, that is killed when its first file is in the journal."""
    command = [sys.executable, "-c", DYING, "leakage", *FILES, "--ray", "local"]
    with (folder / "printed").open("wb") as printed:
        process = subprocess.Popen(command, cwd=folder, stdout=printed, stderr=printed, env=environment())
    yield process
    process.kill()
    process.wait()
    for pid in pids_of(folder):
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).kill()


def pids_of(folder: Path) -> list[int]:
    """Of all that the killed run had started."""
    file = folder / "pids"
    return [int(pid) for pid in file.read_text().split()] if file.exists() else []


def environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(PACKAGE)}


@pytest.fixture(scope="module")
def cluster(killed):
    """A head and a second node with one worker each, started while the other run comes to its end."""
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    yield cluster.address
    ray.shutdown()
    cluster.shutdown()


def wait_for_end(pids: list[int]) -> list[str]:
    """The processes still there after two minutes; but Ray's agents, which notice within one that nobody is there."""
    left = [""]
    for _ in range(1200):
        if not (left := [name for pid in pids if (name := living(pid)) and not name.endswith("Agent")]):
            break
        time.sleep(0.1)
    return left


def said(printed: str) -> list[str]:
    """The lines, but warnings of Ray's C++ core, as on a machine so busy that its own parts come late."""
    return [line for line in printed.splitlines() if not re.match(r"\[\d{4}-\d\d-\d\d .* W ", line)]


def living(pid: int) -> str:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return process.name() if process.status() != psutil.STATUS_ZOMBIE else ""
    return ""


def test_killed_in_the_middle_then_resumed_the_report_is_that_of_the_local_scan(
    folder, suites, killed, cluster, monkeypatch, capfd
):
    monkeypatch.chdir(folder)
    assert killed.wait(300) == -9
    assert said((folder / "printed").read_text()) == []
    assert len(pids_of(folder)) > 2
    assert wait_for_end(pids_of(folder)) == []
    [first] = (folder / ".ftgate/leakage/finished.jsonl").read_text().splitlines()

    journal = Journal(Path(".ftgate/leakage/finished.jsonl"))
    files = [Path(name) for name in FILES]
    capfd.readouterr()
    done = scan_on_ray(files, suites, cluster, journal)
    assert said("".join(capfd.readouterr())) == []
    expected = check_own(files, suites)
    assert done.report == expected
    assert {leak.file for leak in expected.leaks} == set(FILES)
    assert expected.omitted > 0
    assert done.finished == 1
    assert done.pieces == sum(len(pieces_of(path)) for path in files if path.name != json.loads(first)["name"])

    again = scan_on_ray(files, suites, "nobody.invalid:1", journal)  # nothing is left to do, so nobody is asked
    assert (again.report, again.pieces, again.finished) == (expected, 0, 4)
    with pytest.raises(LeakageError, match=r"no Ray cluster at 127\.0\.0\.1:1: .*--ray local"):
        scan_on_ray(files, suites[:1], "127.0.0.1:1", journal)  # other goldens: all files again
    (folder / "t3.jsonl").write_text((folder / "t3.jsonl").read_text() + "\n")
    with pytest.raises(LeakageError, match="no Ray cluster"):
        scan_on_ray(files, suites, "127.0.0.1:1", journal)


def test_the_pieces_of_a_file_are_its_rows_with_their_lines(folder, monkeypatch):
    monkeypatch.chdir(folder)
    pieces = pieces_of(Path("t1.parquet"))
    assert [piece.group for piece in pieces] == [0, 1, 2]
    assert [row for piece in pieces for row in rows_in(piece)] == list(read_rows(Path("t1.parquet")))


def test_reports_on_parts_merge_into_the_report_on_all(folder):
    goldens = {"one": load_suite(folder / "goldens/one.golden.jsonl").cases}
    rows = list(read_rows(folder / "t0.parquet")) * 3
    parts = [find_leaks(goldens, rows[start : start + 50]) for start in range(0, 300, 50)]
    assert one_after_another(parts) == find_leaks(goldens, rows)


def test_a_worker_tells_what_is_wrong_instead_of_raising(tmp_path, monkeypatch):
    """Ray would try again, for ever."""
    from pytest_ftgate.leakage.cluster import worker

    (tmp_path / "t.jsonl").write_text('{"input": "a"}\n[1]\n')
    piece = json.dumps({"path": str(tmp_path / "t.jsonl"), "name": "as typed.jsonl", "group": None})
    batch = {"number": [7], "piece": [piece]}
    monkeypatch.setattr(worker, "_fetched", lambda reference: [None])
    [error] = worker.scan_batch(batch, ["any"])["error"]
    assert error.startswith("as typed.jsonl: scan failed on a worker: AttributeError: ")
    monkeypatch.setattr(worker, "_fetched", lambda reference: [Scan([Case("g", words(20, 1), "yes")])])
    answer = worker.scan_batch(batch, ["any"])
    assert (answer["number"], answer["reports"]) == ([7], [""])
    assert answer["error"][0].startswith("as typed.jsonl:2: is a JSON list")


def test_a_journal_line_that_was_cut_off_counts_as_not_written(tmp_path, folder, suites):
    path = folder / "t0.parquet"
    report = check_own([path], suites)
    journal, stamp = Journal(tmp_path / "j"), stamp_of(path)
    journal.append("a", stamp, [report])
    with journal.path.open("ab") as stream:
        stream.write(b'{"key": "b", "rep')
    assert dict(journal.finished()) == {"a": (report,)}
    journal = Journal(tmp_path / "j")
    journal.append("c", stamp, [report, replace(report, omitted=3)])
    assert set(journal.finished()) == {"a", "c"}
    assert journal.finished()["c"][1].omitted == 3


def test_without_ray_the_extra_is_named(folder, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.chdir(folder)
    assert main(["leakage", "t0.parquet", "--ray", "local", "--state-dir", "other"]) == 2
    assert "pip install 'pytest-ftgate[ray]'" in capsys.readouterr().err
    with pytest.raises(MissingExtra), ray_session("local"):
        pass


@pytest.mark.parametrize("address", ["ray://head:10001", "head", "head:port", ":6379"])
def test_an_address_that_is_none_is_told(address):
    with pytest.raises(LeakageError, match=r"expected local, auto or HOST:PORT"), ray_session(address):
        pass


def test_files_that_cannot_be_read_are_told_before_ray_is_started(tmp_path, suites):
    journal = Journal(tmp_path / "j")
    (tmp_path / "no.parquet").write_text("no")
    for name, what in (("gone.parquet", "cannot read training data"), ("no.parquet", "not valid Parquet")):
        with pytest.raises(LeakageError, match=what):
            scan_on_ray([tmp_path / name], suites, "local", journal)


def test_a_piece_that_vanished_is_told(tmp_path):
    with pytest.raises(LeakageError, match=r"gone\.parquet: cannot read training data: No such file"):
        list(rows_in(Piece(str(tmp_path / "gone.parquet"), "gone.parquet", 0)))
