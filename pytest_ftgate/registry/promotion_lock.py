"""(store, task) -> the right to move the task's champion, which one process at a time has.

MLflow has no compare-and-swap, but a model's name is unique on every store, so creating one is an atomic claim:

    ftgate-lock.<task>                     the first claim
    ftgate-lock.<task>.after.<holder>      the claim of who took over from `holder`, whose lease had run out

A model of such a name that has versions or is a task is no claim: it is neither read as one nor removed.

The last claim of this chain has the lock. A claim's name holds whom it follows, hence a slow process can never take
over from, or remove, anybody but the one it saw. To release, a holder first claims to follow itself; only who
follows the last claim removes the first, and the rest after it. Claims without a first one mean nothing.
"""

from __future__ import annotations

import math
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.files.names import RESERVED
from pytest_ftgate.registry.client import Client
from pytest_ftgate.registry.error_codes import MISSING, TAKEN, code_of
from pytest_ftgate.registry.store import Store
from pytest_ftgate.registry.version import TASK_TAG

LEASE_S = 60.0
SKEW_S = 3.0
"""How far the clocks of two machines may differ: a lease is over only this much after its end."""
POLL_S = 0.25
[PREFIX] = RESERVED
HOLDER, WHO, UNTIL = "ftgate.holder", "ftgate.who", "ftgate.until"


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim: the model's name, the holder's random id, who that is ("pid 12 on host"), end of the lease (s)."""

    name: str
    holder: str
    who: str
    until_s: float

    @property
    def over(self) -> bool:
        """Whether the lease has ended on every clock."""
        return _now() > self.until_s + SKEW_S

    def __str__(self) -> str:
        return f"{self.who}, until {_shown(self.until_s + SKEW_S)}"


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that is held; `check()` right before each write."""

    store: Store
    task: str
    claim: Claim
    lease_s: float

    def check(self) -> None:
        """RegistryError unless the lock is still ours for at least half of its lease."""
        last = last_claim(self.store, self.task)
        if last is None or last.holder != self.claim.holder or _now() > last.until_s - self.lease_s / 2:
            raise RegistryError(
                f"the lock of {self.task} expired (lease {self.lease_s:g} s) before the promotion; "
                "nothing changed, try again"
            )


@contextmanager
def hold(
    store: Store,
    task: str,
    lease_s: float = LEASE_S,
    wait_s: float = 0.0,
    on_wait: Callable[[Claim], None] | None = None,
) -> Iterator[Held]:
    """Hold the lock of `task` for the block.

    lease_s: after so long another process may take over. wait_s: how long to wait for a holder; `on_wait(claim)` is
    called once if there is one. Raises RegistryError that names the holder.
    """
    claim = _acquire(store, task, lease_s, time.monotonic() + wait_s, on_wait)
    try:
        yield Held(store, task, claim, lease_s)
    finally:
        with suppress(RegistryError):
            _release(store, task, claim, lease_s)


def last_claim(store: Store, task: str) -> Claim | None:
    """The claim that has the lock, None if it is free."""
    claims = _chain(store, task)
    return claims[-1] if claims else None


def break_lock(store: Store, task: str) -> list[Claim]:
    """Remove all claims, the last one being who had the lock; that one, if it lives, notices before its next write."""
    claims = _chain(store, task)
    for claim in reversed(claims):
        _remove(store, claim.name)
    return claims


def _acquire(
    store: Store, task: str, lease_s: float, deadline: float, on_wait: Callable[[Claim], None] | None
) -> Claim:
    told = False
    while True:
        last = last_claim(store, task)
        if last is None or last.over:
            mine = _claim(store, _name_after(task, last), lease_s)
            if mine and _is_last(store, task, mine):
                return mine
            continue
        if time.monotonic() >= deadline:
            raise RegistryError(
                f"another promotion or rollback of {task} is in progress: {last}; try again later\n"
                f"    If its process is dead: ftgate unlock {task}"
            )
        if on_wait and not told:
            on_wait(last)
        told = True
        time.sleep(POLL_S)


def _is_last(store: Store, task: str, mine: Claim) -> bool:
    """Whether our new claim has the lock; if the one it follows is gone by now, it is removed again."""
    last = last_claim(store, task)
    if last is not None and last.holder == mine.holder:
        return True
    if mine.name != _root(task):
        _remove(store, mine.name)
    return False


def _release(store: Store, task: str, claim: Claim, lease_s: float) -> None:
    end = _claim(store, _name_after(task, claim), lease_s)
    if end is None:
        return
    claims = _chain(store, task)
    if claims and claims[-1].holder == end.holder and not end.over:
        for each in claims:
            _remove(store, each.name)
    else:
        _remove(store, end.name)


def _now() -> float:
    return time.time()


def _shown(seconds: float) -> str:
    """The time of today, with its date on any other day; of a clock that is far off as it is."""
    try:
        then = time.localtime(seconds)
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.0f} s after 1970"
    today = then[:3] == time.localtime()[:3]
    return time.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S", then)


def _root(task: str) -> str:
    return f"{PREFIX}{task}"


def _name_after(task: str, last: Claim | None) -> str:
    return f"{_root(task)}.after.{last.holder}" if last else _root(task)


def _chain(store: Store, task: str) -> list[Claim]:
    claims: list[Claim] = []
    with store.asking(f"cannot read the lock of {task}") as client:
        while claim := _read(client, _name_after(task, claims[-1] if claims else None)):
            claims.append(claim)
    return claims


def _read(client: Client, name: str) -> Claim | None:
    try:
        model = client.get_registered_model(name)
    except Exception as error:
        if code_of(error) == MISSING:
            return None
        raise
    created_s = model.creation_timestamp / 1000
    tags = dict(model.tags or {})
    if not _is_claim(client, name, tags):
        raise RegistryError(
            f"the registry has a model {name!r}, which is not a lock: it has versions, or is a task\n"
            "    Rename it in MLflow: names that begin with ftgate-lock. are reserved for the locks of promotions"
        )
    return Claim(
        name=name,
        holder=tags.get(HOLDER, str(model.creation_timestamp)),
        who=tags.get(WHO, "unknown"),
        until_s=_seconds(tags.get(UNTIL, ""), created_s + LEASE_S),
    )


def _is_claim(client: Client, name: str, tags: Mapping[str, str]) -> bool:
    """By its shape: never delete what holds somebody's versions."""
    return not (TASK_TAG.items() <= tags.items()) and not client.search_model_versions(f"name = '{name}'")


def _seconds(text: str, default: float) -> float:
    """The end of a lease; the default if the tag is no time."""
    try:
        found = float(text)
    except ValueError:
        return default
    return found if math.isfinite(found) else default


def _claim(store: Store, name: str, lease_s: float) -> Claim | None:
    """Create the claim; None if somebody else has it. An answer that got lost on its way does not matter."""
    claim = Claim(name, uuid.uuid4().hex[:16], f"pid {os.getpid()} on {socket.gethostname()}", _now() + lease_s)
    tags = {HOLDER: claim.holder, WHO: claim.who, UNTIL: f"{claim.until_s:.3f}"}
    with store.asking(f"cannot take the lock {name}") as client:
        try:
            client.create_registered_model(name, tags=tags, description="Lock of pytest-ftgate; removed automatically.")
        except Exception as error:
            if code_of(error) not in {TAKEN, MISSING}:
                raise
            found = _read(client, name)
            return claim if found and found.holder == claim.holder else None
    return claim


def _remove(store: Store, name: str) -> None:
    with store.asking(f"cannot release the lock {name}") as client:
        try:
            if _read(client, name):
                client.delete_registered_model(name)
        except Exception as error:
            if code_of(error) != MISSING:
                raise
