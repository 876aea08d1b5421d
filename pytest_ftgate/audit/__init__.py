"""(kind, task, facts) -> a line of `.ftgate/audit.jsonl`, each chained to the line before it."""

from pytest_ftgate.audit.entry import KINDS, Entry, Head
from pytest_ftgate.audit.log import AuditLog, record

__all__ = ["KINDS", "AuditLog", "Entry", "Head", "record"]
