"""(registry, version, repository) -> its files, card and proof in one commit of the Hub, and the tag vN on it.

Order, so that a process that is killed anywhere leaves what was there before, and the same command goes on:
1. the repository is looked at: whose it is, whether somebody has edited what an earlier push wrote;
2. a line of the audit log;
3. the repository is created if there is none;
4. large files are sent; those that the Hub has are not sent again;
5. one commit, only upon the one that was looked at: from now on the version is visible on the branch main;
6. the tag vN. Killed before it, the same command finds the commit, and sets the tag.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError, IntegrityError, RegistryError
from pytest_ftgate.files.secrets import mask
from pytest_ftgate.registry import judged
from pytest_ftgate.registry.audit.moves import entries_of
from pytest_ftgate.registry.hub.base_model import base_of
from pytest_ftgate.registry.hub.card import card_of
from pytest_ftgate.registry.hub.contents import Contents, check_words, contents_of
from pytest_ftgate.registry.hub.evidence import Evidence, evidence_of
from pytest_ftgate.registry.hub.explain import Moved
from pytest_ftgate.registry.hub.manifest import CARD, FILE, Manifest, read_manifest
from pytest_ftgate.registry.hub.repository import Repository
from pytest_ftgate.registry.model_tags import BASE, DATE, DTYPE, ENGINE, QUANTIZATION, REVISION, TEMPLATE, VARIABLES
from pytest_ftgate.registry.signature import FILE as SIGNATURE
from pytest_ftgate.registry.signature import key_hint
from pytest_ftgate.registry.version import ENCRYPTED, FORM, MODEL, PARENT, VERDICT, Version
from pytest_ftgate.serve.adapter import CONFIG

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry

KIND = "export"
OURS = frozenset({FILE, CARD, ".gitattributes"})
TRAVELLING = (MODEL, BASE, REVISION, DTYPE, QUANTIZATION, ENGINE, TEMPLATE, VARIABLES, DATE, FORM, PARENT)
"""Tags that say what is to be served, and how."""


@dataclass(frozen=True, slots=True)
class Options:
    """public: the repository may be public. override: reason to push what the gate did not promote. replace: overwrite
    what was edited on the Hub. key: private key that signs what is pushed. folder: of the artifact, instead of the
    registry's copy.
    """

    public: bool = False
    override: str = ""
    replace: bool = False
    key: Path | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """commit: that the tag names. new: whether it was not there before."""

    commit: str
    new: bool


def check_allowed(version: Version, registry: Registry, override: str) -> None:
    """RegistryError unless the gate said PROMOTE about a version, by the audit log too, or a reason overrides it."""
    verdict, line = version.tags.get(VERDICT, ""), judged.recorded(version, registry.log)
    if verdict == "INTEGRITY":
        raise RegistryError(f"{version} was judged INTEGRITY: its results are invalid, it cannot be pushed")
    if (verdict == "PROMOTE" and line is not None) or override:
        return
    why = f"was judged {verdict}" if verdict else "was never judged"
    if verdict == "PROMOTE":
        why = f"has a verdict that {registry.log.path} has no line of: it was judged elsewhere, or its tags were edited"
    raise RegistryError(f'{version} {why}: not pushed\n    Push it all the same, on the record: --override "reason"')


def push(
    registry: Registry, version: Version, repo: Repository, options: Options, say: Callable[[str], None]
) -> Pushed:
    """Push one version; nothing if its tag is there and names the same. Raises RegistryError, see above."""
    check_allowed(version, registry, options.override)
    folder = _artifact(registry, version, options.folder)
    visibility = _check_visibility(repo, public=options.public)
    if visibility and (there := _pushed(registry, repo, version)):
        return Pushed(there, new=False)
    head = repo.commit_of() if visibility else ""
    gone = _check_contents(repo, head, version.task, replace=options.replace) if head else set()
    before = manifest_at(repo, head) if head else None
    was = before.version if before else 0
    with contents_of(folder, version.tags.get(BASE, ""), options.key) as contents:
        for note in _notes(version, contents):
            say(note)
        add = _with_proof(registry, version, contents, mask(options.override))
        public = visibility == "public" or (not visibility and options.public)
        _record(registry, version, repo, contents, public=public, reason=options.override)
        if not head:
            repo.create(private=not options.public)
            head = repo.commit_of()
        commit = _commit(repo, add, gone - set(add), version, head)
    repo.tag(f"v{version.number}", commit)
    if was > version.number:
        say(f"the branch main of {repo.name} held v{was}; it holds v{version.number} now, which is older")
    return Pushed(commit, new=True)


def manifest_at(repo: Repository, commit: str) -> Manifest | None:
    """What was pushed there; None if nothing was. Raises RegistryError if ftgate.json was edited."""
    if FILE not in repo.files(commit):
        return None
    return read_manifest(repo.read(FILE, commit), f"{repo.name}@{commit[:8]}")


def edited(repo: Repository, commit: str, manifest: Manifest) -> list[str]:
    """Names of files at a commit that are not as they were pushed."""
    files, expected = repo.files(commit), {**manifest.files, CARD: manifest.card}
    there = {name: stored for name, stored in files.items() if name not in OURS - {CARD}}
    found = [
        name for name, sha in expected.items() if name in there and _sha(repo, commit, name, there[name].sha256) != sha
    ]
    return sorted({*found, *(expected.keys() ^ there.keys())})


def _sha(repo: Repository, commit: str, name: str, known: str) -> str:
    return known or hashlib.sha256(repo.read(name, commit)).hexdigest()


def _artifact(registry: Registry, version: Version, folder: Path | None) -> Path:
    if folder is None:
        return registry.fetch(version)
    try:
        digest = registry.digest_of(folder)
    except (OSError, FtgateError):
        digest = ""
    if digest != version.digest:
        raise RegistryError(f"{folder} is not {version} (digest {version.digest[:12]})\n    leave --form-dir out")
    return folder


def _check_visibility(repo: Repository, *, public: bool) -> str:
    found = repo.visibility()
    if found == "public" and not public:
        raise RegistryError(
            f"{repo.name} is public: everybody would see the model\n    push with --public, or elsewhere"
        )
    return found


def _pushed(registry: Registry, repo: Repository, version: Version) -> str:
    """The commit of the version's tag, "" if there is none. Raises IntegrityError if it names something else."""
    commit = repo.refs()[1].get(f"v{version.number}", "")
    manifest = manifest_at(repo, commit) if commit else None
    if commit and (manifest is None or (manifest.task, manifest.digest) != (version.task, version.digest)):
        holds = f"{manifest.task} with digest {manifest.digest[:12]}" if manifest else "files that were not pushed"
        raise IntegrityError(
            f"{repo.name}: tag v{version.number} names {holds}, not {version} ({version.digest[:12]})\n"
            "    Push to another repository, or delete the tag on the Hub if it was set by mistake"
        )
    if manifest is not None and (
        changed := edited(repo, commit, manifest) or _unknown(registry, repo, version, manifest)
    ):
        raise IntegrityError(
            f"{repo.name}: tag v{version.number} names other files than {version} has: {', '.join(changed[:5])}\n"
            "    Somebody moved the tag: find out who and why, delete it on the Hub, then push again"
        )
    return commit


def _unknown(registry: Registry, repo: Repository, version: Version, manifest: Manifest) -> list[str]:
    """Names of files that ftgate.json lists otherwise than every push of this version from here, by the audit log."""
    key = (f"hf://{repo.name}", version.number, version.digest)
    lists = [
        each.what.get("files")
        for each in entries_of(registry.log, version.task)
        if each.kind == KIND and tuple(map(each.what.get, ("to", "version", "digest"))) == key
    ]
    if not lists or manifest.files in lists:
        return []
    last: Any = lists[-1]
    return sorted(name for name, _ in set(manifest.files.items()) ^ set(last.items()))


def _check_contents(repo: Repository, head: str, task: str, *, replace: bool) -> set[str]:
    """Names of the files at the head, which the new commit replaces. RegistryError if they are not ours to replace."""
    files = set(repo.files(head))
    manifest = manifest_at(repo, head)
    if manifest is None and files - {".gitattributes"} and not replace:
        names = ", ".join(sorted(files - {".gitattributes"})[:5])
        raise RegistryError(
            f"{repo.name} holds files that no push has written: {names}\n"
            "    push to a new repository, or replace them: --replace"
        )
    if manifest is not None and manifest.task != task:
        raise RegistryError(f"{repo.name} holds the task {manifest.task}, not {task}\n    push to another repository")
    if manifest is not None and not replace and (changed := edited(repo, head, manifest)):
        raise RegistryError(
            f"{repo.name} was changed on the Hub since v{manifest.version} was pushed: {', '.join(changed[:5])}\n"
            "    take over what you want to keep, then replace it: --replace"
        )
    return files - {".gitattributes"}


def _notes(version: Version, contents: Contents) -> list[str]:
    plain = [f"{version} is kept encrypted here; on the Hub it is not"] if ENCRYPTED in version.tags else []
    kept = [f"not pushed, as it is no part of the model: {', '.join(contents.left)}"] if contents.left else []
    return [*plain, *kept, *([contents.note] if contents.note else [])]


def _record(  # noqa: PLR0913
    registry: Registry, version: Version, repo: Repository, contents: Contents, *, public: bool, reason: str
) -> None:
    what: dict[str, object] = {"version": version.number, "digest": version.digest, "to": f"hf://{repo.name}"}
    what |= {"files": contents.digests, "public": public, "verdict": version.tags.get(VERDICT, "")}
    registry.record(version.task, KIND, what | {"reason": reason})


def _with_proof(registry: Registry, version: Version, contents: Contents, override: str) -> Mapping[str, Path | bytes]:
    evidence, base = evidence_of(registry, version), base_of(version)
    adapter = CONFIG in contents.paths
    _check_proof(version, evidence, override)
    card = card_of(version, evidence, base, override, signed=contents.signed, adapter=adapter)
    tags = {tag: version.tags[tag] for tag in TRAVELLING if version.tags.get(tag)}
    if not base.hub_id:
        tags.pop(BASE, None)
    manifest = Manifest(
        task=version.task,
        version=version.number,
        digest=version.digest,
        form=version.tags.get(FORM, ""),
        parent=version.tags.get(PARENT, ""),
        signed=key_hint(contents.paths[SIGNATURE]) if contents.signed else "",
        tags=tags,
        lineage=evidence.lineage,
        verdict={**evidence.verdict, "override": override},
        files=contents.digests,
        card=hashlib.sha256(card).hexdigest(),
    )
    return {**contents.paths, CARD: card, FILE: manifest.to_bytes()}


def _check_proof(version: Version, evidence: Evidence, override: str) -> None:
    """Nothing that is told of the model tells of this machine. The template is the model's own: its words are free."""
    words = {f"the tag {tag}": version.tags.get(tag, "") for tag in (ENGINE, VARIABLES, REVISION, PARENT)}
    words |= {f"the {name} of the gate": text for name, text in evidence.verdict.items()}
    words |= {**evidence.lineage, "the reason of --override": override}
    check_words(words, {"the chat template": version.tags.get(TEMPLATE, "")}, version.tags.get(BASE, ""))


def _commit(repo: Repository, add: Mapping[str, Path | bytes], gone: set[str], version: Version, head: str) -> str:
    try:
        return repo.commit(add, sorted(gone), f"{version} ({version.digest[:12]})", head)
    except Moved as error:
        newer = "; ".join(repo.since(head)[:3]) or "its history was rewritten"
        raise Moved(
            f"{repo.name} changed while {version} was being pushed: {newer}; nothing of the push is visible\n"
            "    Look at the change, then run the same command again: files that were sent are not sent again"
        ) from error
