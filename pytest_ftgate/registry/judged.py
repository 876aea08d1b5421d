"""(version, champion, audit log) -> whether the gate said PROMOTE, about this version, against this champion.

The verdict stands in the version's tags, and in a line of the audit log that was written before them. A tag that says
something else was edited.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_ftgate.errors import IntegrityError, RegistryError
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.registry.audit import AuditLog, Entry
from pytest_ftgate.registry.audit.moves import MOVES, RESET, entries_of
from pytest_ftgate.registry.audit_tags import heads_of
from pytest_ftgate.registry.version import AGAINST, DIGEST, MODEL, REASON, RESULTS, RUN, VERDICT, Version

KIND = "judged"
REGISTERED = ("ftgate.round", "required", "lock.", "questions.", "golden.")
"""How the tags begin that a run writes with its verdict and later runs decide by."""
NO_CHAMPION = "no champion"


def against(champion: Version | None) -> str:
    """How a version remembers what it was judged against: "v2@<digest>"."""
    return str(champion.as_predecessor()) if champion else NO_CHAMPION


def facts(tags: Mapping[str, str]) -> dict[str, Any]:
    """Tags of a version that is about to be registered -> what the audit log keeps of its verdict."""
    kept = {"verdict": VERDICT, "against": AGAINST, "digest": DIGEST, "model": MODEL, "run": RUN}
    results = {key.removeprefix(RESULTS): value for key, value in tags.items() if key.startswith(RESULTS)}
    found = {name: tags.get(tag, "") for name, tag in kept.items()} | {"results": dict(sorted(results.items()))}
    return found | {"tags": _registered_with(tags)}


def judged_since_move(log: AuditLog, task: str) -> frozenset[str]:
    """Digests of the candidates judged since the champion last moved, by the audit log: also of deleted versions."""
    found: set[str] = set()
    for entry in entries_of(log, task):
        if entry.kind in {*MOVES, RESET}:
            found.clear()
        elif entry.kind == KIND:
            found.add(str(entry.what.get("digest", "")))
    return frozenset(found - {""})


def _registered_with(tags: Mapping[str, str]) -> str:
    """Digest of what later runs read in a version's tags: round, golden sets, locks, requirements."""
    return digest_of({tag: value for tag, value in tags.items() if tag.startswith(REGISTERED)})


def recorded(version: Version, log: AuditLog) -> Entry | None:
    """The line about the verdict of a version's newest run; None if another log has it, or none.

    Raises IntegrityError if tags of the version say something else than the line.
    """
    entries = [entry for entry in entries_of(log, version.task) if entry.kind == KIND]
    same = [entry for entry in entries if entry.what.get("digest") == version.digest]
    found = next((entry for entry in reversed(same) if entry.what.get("run") == version.run_id), None)
    now = facts(version.tags)
    if same and found is None and not _judged_elsewhere(version, log):
        raise IntegrityError(f"{version}: {_was(RUN, same[-1].what.get('run'), version.run_id, same[-1])}")
    if found is not None:
        for name, value in now.items():
            if found.what.get(name) != value:
                raise IntegrityError(f"{version}: {_was(name, found.what.get(name), value, found)}")
    return found


def unmet(target: Version, champion: Version | None, log: AuditLog) -> str:
    """Why the gate does not let `target` replace `champion`, "" if it does. Raises IntegrityError for edited tags."""
    verdict, line = target.tags.get(VERDICT, ""), recorded(target, log)
    reason = f" ({target.tags[REASON]})" if target.tags.get(REASON) else ""
    if verdict != "PROMOTE":
        return f"was judged {verdict}{reason}" if verdict else "was never judged"
    if line is None:
        return f"has a verdict that {log.path} has no line of: it was judged elsewhere, or its tags were edited"
    if target.tags.get(AGAINST) != against(champion):
        was = target.tags.get(AGAINST, "").partition("@")[0] or "an unknown champion"
        return f"was judged {verdict} against {was}, but the champion is {_name(champion)}: never compared with it"
    return ""


def check_verdict(target: Version, champion: Version | None, log: AuditLog, *, override: bool) -> None:
    """RegistryError unless the gate said PROMOTE against this champion, or it may be overridden; INTEGRITY never is."""
    why = unmet(target, champion, log)
    if not why or (override and target.tags.get(VERDICT) != "INTEGRITY"):
        return
    if target.tags.get(VERDICT) == "INTEGRITY":
        raise RegistryError(f"{target} {why}: its results are invalid and cannot be overridden")
    raise RegistryError(
        f"{target} {why} and is not promoted\n    To override, on the record: "
        f'ftgate promote {target.task} v{target.number} --override "reason"'
    )


def _judged_elsewhere(version: Version, log: AuditLog) -> bool:
    """Whether the version was registered with another audit log, as that of another machine, since."""
    own = log.head()
    return own is not None and any(head.log != own.log for head in heads_of([version]))


def _name(champion: Version | None) -> str:
    return f"v{champion.number}" if champion else "none"


def _was(name: str, recorded_value: object, found: object, line: Entry) -> str:
    return (
        f"{name} is {found!r}, but was {recorded_value!r} when it was judged (line {line.line} of the audit log): "
        "edited by hand in MLflow, not used\n    Restore it, or train and judge it again"
    )
