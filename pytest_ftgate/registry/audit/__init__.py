"""(kind, task, facts) -> a line of `.ftgate/audit.jsonl`, each chained to the line before it."""

from pytest_ftgate.registry.audit.entry import KINDS, Entry, Head
from pytest_ftgate.registry.audit.log import AuditLog, record

__all__ = ["KINDS", "AuditLog", "Entry", "Head", "record"]
