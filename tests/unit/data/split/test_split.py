"""A split keeps groups together and rows in their places, whatever is added, removed, relabelled or shuffled."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.data.near.groups import Group, Item, groups_of
from pytest_ftgate.data.split.lock import SHARES
from pytest_ftgate.data.split.part import PARTS, most_protected, parse_shares
from pytest_ftgate.data.split.places import place
from pytest_ftgate.data.split.split import split_data
from pytest_ftgate.errors import DataError
from tests.unit.data.data_files import write_csv, write_jsonl, write_parquet

PROTECTION = {part: number for number, part in enumerate(PARTS)}


def text(seed: int, variant: int = 0) -> str:
    """Twelve words; variants of one seed are near duplicates."""
    draw = random.Random(seed)
    words = ["".join(draw.choices("abcdefghijklmnop", k=draw.randrange(4, 9))) for _ in range(12)]
    return " ".join([*words, f"{'xyz'[variant]}"]) if variant else " ".join(words)


def row(seed: int, variant: int = 0, label: str = "yes", cluster: str = "") -> dict[str, str]:
    more = {"cluster": cluster} if cluster else {}
    return {"id": f"{seed}-{variant}-{cluster}", "prompt": text(seed, variant), "completion": label, **more}


def read(folder: Path) -> dict[str, str]:
    """Place of every row, by id; each id stands once."""
    found = [
        (json.loads(line)["id"], part) for part in PARTS for line in (folder / f"{part}.jsonl").read_text().splitlines()
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


def split(folder: Path, rows, **options):
    return split_data([write_jsonl(folder / "in.jsonl", rows)], folder / "out", **options)


ROWS = st.lists(
    st.builds(
        row,
        st.integers(0, 25),
        st.integers(0, 2),
        st.sampled_from(["yes", "no"]),
        st.sampled_from(["", "", "", "a", "b", "c"]),
    ),
    min_size=1,
    max_size=25,
    unique_by=lambda row: row["id"],
)


@settings(max_examples=40)
@given(first=ROWS, more=ROWS, seed=st.integers(0, 3), shuffled=st.randoms())
def test_no_row_moves_when_rows_are_added_shuffled_and_relabelled(tmp_path_factory, first, more, seed, shuffled):
    folder = tmp_path_factory.mktemp("split")
    split(folder, first, seed=seed, shares=parse_shares("50/20/30"))
    before = read(folder / "out")
    rows = [{**each, "completion": "no"} for each in first] + [each for each in more if each["id"] not in before]
    shuffled.shuffle(rows)
    done = split(folder, rows)
    after = read(folder / "out")
    assert set(after) == {each["id"] for each in rows}
    assert before.items() <= after.items()
    for group in done.apart:
        assert any(item.key in first_keys(first) for item in group.items)


def first_keys(rows) -> set[str]:
    from pytest_ftgate.data.readers.normalize import short_digest

    return {short_digest(each["prompt"]).hex() for each in rows}


@settings(max_examples=40)
@given(rows=ROWS, shuffled=st.randoms(), seed=st.integers(0, 5))
def test_a_new_split_tears_no_group_apart_and_does_not_depend_on_the_order(tmp_path_factory, rows, shuffled, seed):
    folder = tmp_path_factory.mktemp("split")
    done = split(folder, rows, seed=seed)
    places = read(folder / "out")
    assert done.apart == ()
    assert len(places) == len(rows) == sum(done.counts.values())
    for one in rows:
        for other in rows:
            same_cluster = one.get("cluster", 1) == other.get("cluster", 2)
            if one["prompt"] == other["prompt"] or same_cluster:
                assert places[one["id"]] == places[other["id"]]
    again = tmp_path_factory.mktemp("split")
    shuffled.shuffle(rows)
    split(again, rows, seed=seed)
    assert read(again / "out") == places


def group(sizes: int, number: int, label: str = "") -> Group:
    return Group(tuple(Item(f"{number}-{place}", "", label, "t", number) for place in range(sizes)))


SIZES = st.lists(st.tuples(st.integers(1, 6), st.sampled_from("abc")), min_size=1, max_size=120)


@given(sizes=SIZES, seed=st.integers(0, 100))
def test_shares_miss_the_wish_by_less_than_two_groups(sizes, seed):
    groups = [group(size, number, label) for number, (size, label) in enumerate(sizes)]
    places = place(groups, {}, SHARES, seed)
    counts = Counter(places[item.key] for each in groups for item in each.items)
    rows = sum(size for size, _ in sizes)
    largest = max(size for size, _ in sizes)
    assert all(abs(counts[part] - SHARES[part] * rows) <= 2 * largest for part in PARTS)


@given(st.integers(0, 50))
def test_each_label_is_split_by_the_shares(seed):
    groups = [group(1, number, "rare" if number % 20 == 0 else "often") for number in range(1000)]
    places = place(groups, {}, SHARES, seed)
    counts = Counter((each.label, places[each.name]) for each in groups)
    assert counts["rare", "test"] == counts["rare", "validation"] == 5
    assert counts["often", "test"] == counts["often", "validation"] == 95


def test_large_groups_are_drawn_as_often_as_small_ones():
    """The test part is not made of singletons alone."""
    large = 0
    for seed in range(30):
        groups = [group(4 if number % 4 == 0 else 1, number) for number in range(200)]
        places = place(groups, {}, SHARES, seed)
        large += sum(4 for each in groups if len(each.items) == 4 and places[each.name] == "test")
    assert 0.4 < large / (30 * 35) < 0.75  # 200 of 350 rows stand in them: .57


KEYS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(PARTS))


@given(before=KEYS, sizes=st.lists(st.sets(st.sampled_from("abcdefghij"), min_size=1), max_size=4))
def test_a_place_given_before_stands_and_a_new_row_goes_to_the_most_protected(before, sizes):
    seen: set[str] = set()
    groups = []
    for keys in sizes:
        if own := sorted(keys - seen):
            seen |= keys
            groups.append(Group(tuple(Item(key, "", "", "t", 1) for key in own)))
    places = place(groups, before, SHARES, 0)
    for each in groups:
        held = [before[key] for key in each.keys if key in before]
        for key in each.keys:
            assert places[key] == (
                before[key] if key in before else most_protected(held) if held else places[each.name]
            )


def test_a_row_that_joins_two_groups_is_protected_and_the_groups_are_named(tmp_path):
    rows = [row(number, cluster=f"c{number}") for number in range(30)]
    split(tmp_path, rows)
    places = read(tmp_path / "out")
    [trained, tested] = [next(each for each in rows if places[each["id"]] == part) for part in ("train", "test")]
    both = [
        {"id": "x", "prompt": trained["prompt"], "completion": "no", "cluster": tested["cluster"]},
    ]
    done = split(tmp_path, rows + both)
    after = read(tmp_path / "out")
    assert (after[trained["id"]], after[tested["id"]]) == ("train", "test")
    assert after["x"] == "train"  # asks the very question that stands there
    [apart] = done.apart
    assert {item.line for item in apart.items} == {rows.index(trained) + 1, rows.index(tested) + 1, 31}
    near = {"id": "y", "prompt": f"{trained['prompt']} x", "completion": "no", "cluster": tested["cluster"]}
    split(tmp_path, [*rows, near])
    assert read(tmp_path / "out")["y"] == "test"


def test_a_cluster_is_remembered_when_its_rows_are_gone(tmp_path):
    rows = [row(number, cluster=f"c{number}") for number in range(30)]
    split(tmp_path, rows)
    tested = [each for each in rows if read(tmp_path / "out")[each["id"]] == "test"]
    left = [each for each in rows if each not in tested]
    new = [row(100 + number, cluster=each["cluster"]) for number, each in enumerate(tested)]
    split(tmp_path, left + new)
    assert {read(tmp_path / "out")[each["id"]] for each in new} == {"test"}


def test_near_questions_are_one_group_and_the_near_of_the_near_too():
    texts = {str(number): each for number, each in enumerate([text(1), text(2), f"{text(1)} x", f"{text(1)} x yy"])}
    items = [Item(key, "", "", "t", int(key)) for key in texts]
    assert [[item.line for item in each.items] for each in groups_of(items, texts).groups] == [[0, 2, 3], [1]]


@pytest.mark.parametrize(("name", "write"), [("t.csv", write_csv), ("t.parquet", write_parquet)])
def test_every_format_is_split_with_file_and_line_of_origin(tmp_path, monkeypatch, name, write):
    monkeypatch.chdir(tmp_path)
    rows = [row(number, label="yes" if number % 2 else "no") for number in range(40)]
    write(tmp_path / name, rows)
    split_data([Path(name)], Path("out"))
    written = [
        json.loads(line) for part in PARTS for line in (tmp_path / "out" / f"{part}.jsonl").read_text().splitlines()
    ]
    first = 2 if name.endswith("csv") else 1
    assert {each.pop("origin"): each for each in written} == {
        f"{name}:{line}": each for line, each in enumerate(rows, first)
    }


def test_the_origin_of_a_row_that_has_one_stays(tmp_path):
    split(tmp_path, [{**row(1), "origin": "mail.csv:7"}])
    assert json.loads((tmp_path / "out/train.jsonl").read_text())["origin"] == "mail.csv:7"


def test_a_faulty_row_writes_nothing(tmp_path):
    split(tmp_path, [row(number) for number in range(20)])
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(DataError, match=r"in\.jsonl:2: unknown row format"):
        split(tmp_path, [row(90), {"x": 1}])
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_a_lost_or_broken_lock_is_an_error(tmp_path):
    rows = [row(number) for number in range(20)]
    split(tmp_path, rows)
    lock = tmp_path / "out/split.lock"
    whole = lock.read_text()
    lock.write_text(whole.replace("train", "elsewhere", 1))
    with pytest.raises(DataError, match=r"(?s)split\.lock:\d+: is not .*restore the original file"):
        split(tmp_path, rows)
    lock.write_text("".join(whole.splitlines(keepends=True)[:-3]))
    with pytest.raises(DataError, match=r"(?s)split\.lock:1: says 20 places, found 17.*restore the original file"):
        split(tmp_path, rows)
    lock.unlink()
    with pytest.raises(DataError, match=r"contains train\.jsonl, validation\.jsonl, test\.jsonl but no split\.lock"):
        split(tmp_path, rows)


@pytest.mark.parametrize(
    ("wanted", "named"),
    [({"shares": parse_shares("50/25/25")}, "--shares 50/25/25"), ({"seed": 3}, "--seed 3"), ({"seed": 1}, "")],
)
def test_shares_and_seed_of_the_lock_stay(tmp_path, wanted, named):
    shares = parse_shares("60/20/20")
    rows = [row(number) for number in range(40)]
    split(tmp_path, rows, shares=shares, seed=1)
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    if named:
        said = rf"split\.lock:1: is of a split 60/20/20 with seed 1, found {named}\n.* use another --out"
        with pytest.raises(DataError, match=said):
            split(tmp_path, rows, **wanted)
    else:
        split(tmp_path, rows, shares=shares, **wanted)
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_new_rows_are_drawn_by_the_shares_of_the_lock(tmp_path):
    split(tmp_path, [row(number) for number in range(10)], shares=parse_shares("20/40/40"))
    done = split(tmp_path, [row(number) for number in range(200)])
    assert [sum(done.counts.get((part, label), 0) for label in ("", "yes")) for part in PARTS] == [40, 80, 80]


@pytest.mark.parametrize("head", ["", '{"key": "a", "part": "train"}\n', '{"shares": "80/20", "seed": 0}\n', "x\n"])
def test_a_lock_without_its_first_line_is_an_error(tmp_path, head):
    split(tmp_path, [row(1)])
    lock = tmp_path / "out/split.lock"
    lock.write_text(head + "".join(lock.read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(DataError, match=r"split\.lock:1: "):
        split(tmp_path, [row(1)])


def test_the_input_is_never_written_over(tmp_path):
    path = write_jsonl(tmp_path / "train.jsonl", [row(1)])
    with pytest.raises(DataError, match="would be overwritten"):
        split_data([path], tmp_path)
    assert json.loads(path.read_text())["id"] == "1-0-"


def test_files_linked_into_a_cache_are_replaced_not_written_into(tmp_path):
    """As DVC links them: read-only, one inode with its cache."""
    rows = [row(number) for number in range(20)]
    split(tmp_path, rows)
    cached = tmp_path / "cached"
    os.link(tmp_path / "out/train.jsonl", cached)
    cached.chmod(0o444)
    before = cached.read_bytes()
    linked = tmp_path / "out/test.jsonl"
    linked.rename(tmp_path / "cached-test")
    linked.symlink_to(tmp_path / "cached-test")
    split(tmp_path, [*rows, *(row(number) for number in range(50, 90))])
    assert cached.read_bytes() == before
    assert not linked.is_symlink()
    assert len(read(tmp_path / "out")) == 60


@pytest.mark.parametrize("wrong", ["80/20", "80/10/20", "a/b/c", "80/10/-10"])
def test_shares_that_make_no_split_are_refused(wrong):
    with pytest.raises(ValueError, match=wrong):
        parse_shares(wrong)
