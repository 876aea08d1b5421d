"""What the Hub does with writes: repositories with commits, branches and tags, and one store of large files."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import yaml

LARGE = (".safetensors", ".gguf", ".bin", ".model")
Answer = tuple[int, object]
"""Status and what is sent as JSON; an error as the code that the Hub gives it."""


@dataclass(frozen=True)
class Commit:
    """oid: 40 hex digits. files: all of them, by path."""

    oid: str
    parent: str
    title: str
    files: Mapping[str, bytes]


@dataclass
class Repository:
    """branches, tags: name -> oid of a commit."""

    private: bool
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def commit_of(self, revision: str) -> Commit | None:
        oid = self.branches.get(revision) or self.tags.get(revision) or revision
        return self.commits.get(oid)

    def commit(self, title: str, files: Mapping[str, bytes], branch: str = "main") -> Commit:
        parent = self.branches.get(branch, "")
        oid = hashlib.sha1(f"{parent} {title} {len(self.commits)}".encode()).hexdigest()
        self.commits[oid] = Commit(oid, parent, title, dict(files))
        self.branches[branch] = oid
        return self.commits[oid]

    def history(self, revision: str) -> list[Commit]:
        found, here = [], self.commit_of(revision)
        while here is not None:
            found.append(here)
            here = self.commits.get(here.parent)
        return found


class Writes:
    """Repositories that can be written, by name; large: uploaded files by sha256, of all repositories.

    before_commit: called under no lock as a commit comes in, so that another one may come first. most: so many bytes of
    an upload are read, then the connection breaks, each once.
    """

    def __init__(self) -> None:
        self.repos: dict[str, Repository] = {}
        self.large: dict[str, bytes] = {}
        self.before_commit: list[Callable[[Repository], None]] = []
        self.most: list[int] = []
        self.read_only: set[str] = set()
        self._guard = threading.Lock()

    def answer(self, method: str, path: str, body: bytes, base: str) -> Answer | None:
        """None if the path is not one of writes."""
        parts = path.strip("/").split("/")
        match method, *parts:
            case "POST", "api", "validate-yaml":
                return self._validated(json.loads(body)["content"])
            case "POST", "api", "repos", "create":
                return self._created(json.loads(body), base)
            case "PUT", "large", oid:
                return self._put(oid, body)
            case "POST", org, name, "info", "lfs", "objects", "batch":
                return self._batch(f"{org}/{name}".removesuffix(".git"), json.loads(body), base)
            case _, "api", "models", org, name, what, *rest if f"{org}/{name}" in self.repos:
                return self._of_repo(method, f"{org}/{name}", what, "/".join(rest), body, base)
        return None

    def _created(self, asked: Mapping[str, str], base: str) -> Answer:
        name = f"{asked['organization']}/{asked['name']}"
        if asked["organization"] in self.read_only:
            return 403, "Forbidden"
        with self._guard:
            if name in self.repos:
                return 409, {"error": "You already created this model repo", "url": f"{base}/{name}"}
            self.repos[name] = Repository(asked.get("visibility") == "private" or bool(asked.get("private")))
            self.repos[name].commit("initial commit", {".gitattributes": b"*.safetensors filter=lfs\n"})
        return 200, {"url": f"{base}/{name}"}

    def _validated(self, content: str) -> Answer:
        try:
            head = yaml.safe_load(content.split("---")[1])
            assert isinstance(head["model-index"][0]["results"], list)
        except (IndexError, KeyError, TypeError, AssertionError, yaml.YAMLError) as error:
            return 400, {"errors": [{"message": repr(error)}]}
        return 200, {"errors": [], "warnings": []}

    def _put(self, oid: str, body: bytes) -> Answer:
        if hashlib.sha256(body).hexdigest() != oid:
            return 400, "Torn"
        self.large[oid] = body
        return 200, {}

    def _batch(self, name: str, asked: Mapping[str, list[Mapping[str, object]]], base: str) -> Answer:
        if name.partition("/")[0] in self.read_only:
            return 403, "Forbidden"
        return 200, {"transfer": "basic", "objects": [self._upload(each, base) for each in asked["objects"]]}

    def _upload(self, each: Mapping[str, object], base: str) -> dict[str, object]:
        if each["oid"] in self.large:
            return dict(each)
        return {**each, "actions": {"upload": {"href": f"{base}/large/{each['oid']}"}}}

    def _of_repo(self, method: str, name: str, what: str, rest: str, body: bytes, base: str) -> Answer | None:
        repo = self.repos[name]
        if method != "GET" and name.partition("/")[0] in self.read_only:
            return 403, "Forbidden"
        actions: dict[tuple[str, str], Callable[[], Answer]] = {
            ("POST", "preupload"): lambda: self._preupload(repo, rest, json.loads(body)["files"]),
            ("POST", "commit"): lambda: self._commit(repo, rest, body, f"{base}/{name}"),
            ("POST", "tag"): lambda: _refer(repo, repo.tags, json.loads(body)["tag"], rest),
            ("POST", "branch"): lambda: _refer(
                repo, repo.branches, rest, json.loads(body).get("startingPoint", "main")
            ),
            ("GET", "refs"): lambda: (200, _all_refs(repo)),
            ("GET", "commits"): lambda: (200, [_shown(each) for each in repo.history(rest)]),
        }
        act = actions.get((method, what))
        return act() if act else None

    def _preupload(self, repo: Repository, revision: str, asked: list[Mapping[str, str]]) -> Answer:
        here = repo.commit_of(revision)
        if here is None:
            return 404, "RevisionNotFound"
        answers = []
        for each in asked:
            path, large = each["path"], each["path"].endswith(LARGE)
            oid = (_sha256 if large else blob)(here.files[path]) if path in here.files else None
            mode = "lfs" if large else "regular"
            answers.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        return 200, {"files": answers}

    def _commit(self, repo: Repository, branch: str, body: bytes, base: str) -> Answer:
        while self.before_commit:
            self.before_commit.pop()(repo)
        head, *lines = map(json.loads, body.splitlines())
        with self._guard:
            here = repo.commit_of(branch)
            if here is None:
                return 404, "RevisionNotFound"
            if head["value"].get("parentCommit", here.oid) != here.oid:
                return 412, "A commit has happened since. Please refresh and try again."
            files = dict(here.files)
            for line in lines:
                if (why := self._change(files, line["key"], line["value"])) is not None:
                    return 400, why
            made = repo.commit(head["value"]["summary"], files, branch)
        return 200, {"commitUrl": f"{base}/commit/{made.oid}", "commitOid": made.oid, "success": True}

    def _change(self, files: dict[str, bytes], kind: str, value: Mapping[str, str]) -> str | None:
        if kind == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif kind == "lfsFile":
            if value["oid"] not in self.large:
                return "the file was never uploaded"
            files[value["path"]] = self.large[value["oid"]]
        elif kind == "deletedFile":
            del files[value["path"]]
        else:
            return f"unknown operation {kind}"
        return None


def _refer(repo: Repository, refs: dict[str, str], name: str, revision: str) -> Answer:
    here = repo.commit_of(revision)
    if name in refs:
        return 409, "Exists"
    if here is None:
        return 404, "RevisionNotFound"
    refs[name] = here.oid
    return 200, {}


def blob(data: bytes) -> str:
    """git's id of a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def entry(path: str, data: bytes) -> dict[str, object]:
    """A file, as a tree lists it; large ones with the sha256 of their content."""
    listed: dict[str, object] = {"type": "file", "path": path, "size": len(data), "oid": blob(data)}
    if path.endswith(LARGE):
        listed["lfs"] = {"oid": _sha256(data), "size": len(data), "pointerSize": 130}
    return listed


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _all_refs(repo: Repository) -> dict[str, list[dict[str, str]]]:
    return {"branches": _refs("heads", repo.branches), "converts": [], "tags": _refs("tags", repo.tags)}


def _refs(kind: str, refs: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": oid} for name, oid in refs.items()]


def _shown(commit: Commit) -> dict[str, object]:
    authors = [{"user": "ada"}]
    return {
        "id": commit.oid,
        "title": commit.title,
        "message": "",
        "authors": authors,
        "date": "2026-01-01T00:00:00.000Z",
    }
