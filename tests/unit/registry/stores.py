"""What the tests of killed and of simultaneous promotions share: a registry in a forked process."""

from __future__ import annotations

from pytest_ftgate.registry import Registry, promotion_lock
from pytest_ftgate.registry.audit import log as audit_log
from pytest_ftgate.registry.audit.check import check_heads, check_lines
from tests.unit.kills import Dying, Fuse, light_disk


def locks_of(registry: Registry) -> list[str]:
    with registry.store.asking("test") as client:
        return [m.name for m in client.search_registered_models() if m.name.startswith(promotion_lock.PREFIX)]


def close_connections() -> None:
    """Connections to a database must not cross a fork."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Versions
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as Runs

    for engine in [*Versions._engine_map.values(), *Runs._engine_map.values()]:
        engine.dispose()


def light(registry: Registry, fuse: Fuse) -> None:
    """From now on every call of the registry's client, and every call of the system for the audit log, is a step."""
    with registry.store.asking("test") as client:
        registry.store._client = Dying(client, fuse)
    light_disk(fuse)


def audit_faults(registry: Registry) -> list[str]:
    """What `ftgate audit verify` would call broken."""
    lines, torn = registry.log.lines()
    findings = [*check_lines(lines, torn), *check_heads(lines, registry.heads(), audit_log.place_of(registry.log.path))]
    return [str(found) for found in findings if found.grave]
