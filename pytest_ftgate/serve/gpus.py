"""What nvidia-smi says of the GPUs of this machine -> those that a process of ours would see, in CUDA's order.

CUDA_VISIBLE_DEVICES names them by index, or by the beginning of a uuid; the first unknown name ends the list. Of a GPU
that is cut into MIG instances a process sees one instance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_ftgate.serve.nvidia_smi import nvidia_smi, nvidia_smi_list

QUERY = "--query-gpu=index,uuid,name,compute_cap,memory.total,driver_version,mig.mode.current"
VISIBLE = "CUDA_VISIBLE_DEVICES"
INSTANCE = re.compile(r"MIG (\S*?(\d+)gb\S*)\s+Device\s+\d+:\s+\(UUID: (MIG-[^)]+)\)")
OWNER = re.compile(r"GPU (\d+):")


@dataclass(frozen=True, slots=True)
class Gpu:
    """One card, or one MIG instance of it. index: of the card, in the order of the bus. memory_mib: 0 = unknown."""

    index: str
    uuid: str
    name: str
    capability: tuple[int, int]
    memory_mib: int = 0
    driver: str = ""
    mig: bool = False


def visible_gpus(environment: Mapping[str, str]) -> list[Gpu]:
    """The GPUs that a process of this environment sees; none without an NVIDIA driver that answers."""
    if environment.get(VISIBLE, "all") in {"", "-1"}:
        return []
    rows = nvidia_smi(QUERY)
    cards = list(gpus_of(rows))
    listed = nvidia_smi_list() if any(row[6:7] == ["Enabled"] for row in rows) else ""
    return visible(instances(cards, listed), environment.get(VISIBLE, ""))


def gpus_of(rows: Sequence[Sequence[str]]) -> Iterator[Gpu]:
    """Of the rows of QUERY; what is no GPU that CUDA knows is left out."""
    for row in rows:
        if len(row) >= 4 and row[3].replace(".", "", 1).isdecimal():
            memory, driver = [*row[4:6], "", ""][:2]
            major, _, minor = row[3].partition(".")
            total = int(memory) if memory.isdecimal() else 0
            yield Gpu(row[0], row[1], row[2], (int(major), int(minor or 0)), total, driver)


def instances(cards: Sequence[Gpu], listed: str) -> list[Gpu]:
    """The cards, those that are cut into MIG instances replaced by these. listed: the text of `nvidia-smi -L`."""
    found: dict[str, list[Gpu]] = {card.index: [] for card in cards}
    by_index = {card.index: card for card in cards}
    owner = ""
    for line in listed.splitlines():
        if card := OWNER.match(line):
            owner = card.group(1)
        elif owner in found and (part := INSTANCE.search(line)):
            profile, gib, uuid = part.groups()
            whole = by_index[owner]
            memory = int(gib) * 1024
            found[owner].append(
                replace(whole, uuid=uuid, name=f"{whole.name} MIG {profile}", memory_mib=memory, mig=True)
            )
    return [gpu for card in cards for gpu in (found[card.index] or [card])]


def visible(gpus: Sequence[Gpu], names: str) -> list[Gpu]:
    """Those that CUDA_VISIBLE_DEVICES names, in its order; all if it names none. Of MIG instances one alone."""
    chosen = list(_named(gpus, names)) if names else list(gpus)
    return chosen[:1] if chosen and chosen[0].mig else [gpu for gpu in chosen if not gpu.mig]


def _named(gpus: Sequence[Gpu], names: str) -> Iterator[Gpu]:
    seen: list[Gpu] = []
    for name in map(str.strip, names.split(",")):
        found = next((gpu for gpu in gpus if _is(gpu, name)), None)
        if found is None:
            return
        if found in seen:  # CUDA refuses the list
            continue
        seen.append(found)
        yield found


def _is(gpu: Gpu, name: str) -> bool:
    return name == gpu.index or (len(name) > 4 and gpu.uuid.startswith(name))
