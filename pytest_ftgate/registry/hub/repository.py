"""ORG/NAME -> one repository of the Hub: its head, files, tags, and commits upon the head that they were made for.

All is done by `huggingface_hub`: large files go first, and those that are there already are not sent again; what a push
changes becomes visible by one commit.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import MissingExtra, RegistryError
from pytest_ftgate.files.secrets import remember, secret_in
from pytest_ftgate.registry.hub.explain import explaining

if TYPE_CHECKING:
    from huggingface_hub import HfApi

MAIN = "main"
SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Stored:
    """A file at a commit. sha256: of its content if it is stored as a large one, else ""; blob: git's id."""

    sha256: str
    blob: str
    size: int


@dataclass(frozen=True)
class Repository:
    """name: ORG/NAME. The token is HF_TOKEN, or that of `hf auth login`. Methods raise RegistryError."""

    name: str

    @cached_property
    def _api(self) -> HfApi:
        try:
            from huggingface_hub import HfApi, get_token
        except ImportError:
            raise MissingExtra("the Hugging Face Hub", "serve") from None
        token = secret_in("HF_TOKEN") or get_token()
        return HfApi(token=remember(token) if token else None)

    @contextmanager
    def _asking(self, what: str) -> Iterator[HfApi]:
        api = self._api
        from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

        shown = not are_progress_bars_disabled()
        disable_progress_bars()
        try:
            with explaining(self.name, what), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield api
        finally:
            if shown:
                enable_progress_bars()

    def visibility(self) -> str:
        """One of "private", "public", and "" if there is no such repository, or none that is shown to this token."""
        with self._asking("cannot look at the repository") as api:
            if not api.repo_exists(self.name):
                return ""
            return "private" if api.model_info(self.name, timeout=SECONDS).private else "public"

    def create(self, *, private: bool) -> None:
        """Create it; nothing if it is there."""
        with self._asking("cannot create the repository") as api:
            api.create_repo(self.name, private=private, exist_ok=True)

    def commit_of(self, revision: str = MAIN) -> str:
        """The commit that a branch, tag or commit names (40 hex digits)."""
        with self._asking(f"cannot look at {revision}") as api:
            return str(api.model_info(self.name, revision=revision, timeout=SECONDS).sha)

    def files(self, commit: str) -> dict[str, Stored]:
        """All files of a commit."""
        with self._asking("cannot list the files") as api:
            listed: Any = api.list_repo_tree(self.name, recursive=True, revision=commit)
            return {
                each.path: Stored(each.lfs.sha256 if each.lfs else "", each.blob_id, each.size)
                for each in listed
                if hasattr(each, "blob_id")
            }

    def read(self, path: str, commit: str) -> bytes:
        """A file at a commit, taken from the cache if it was read before."""
        with self._asking(f"cannot read {path}") as api:
            return Path(api.hf_hub_download(self.name, path, revision=commit)).read_bytes()

    def download(self, paths: Iterable[str], commit: str) -> Path:
        """The folder in the cache of the Hub that holds these files; a download that broke off goes on."""
        from glob import escape

        with self._asking("cannot download the files") as api:
            return Path(api.snapshot_download(self.name, revision=commit, allow_patterns=[*map(escape, paths)]))

    def commit(
        self, add: Mapping[str, Path | bytes], delete: Iterable[str], title: str, parent: str, branch: str = MAIN
    ) -> str:
        """One commit that adds and deletes files; its id, or that of the head if it would change nothing.

        Raises Moved, and changes nothing, if the branch is not at `parent` any more.
        """
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        changes = [
            CommitOperationAdd(path, content if isinstance(content, bytes) else str(content))
            for path, content in add.items()
        ]
        gone = [CommitOperationDelete(path, is_folder=False) for path in delete]
        with self._asking("cannot commit") as api:
            made: Any = api.create_commit(
                self.name, [*changes, *gone], commit_message=title, revision=branch, parent_commit=parent
            )
            return str(made.oid)

    def refs(self) -> tuple[dict[str, str], dict[str, str]]:
        """Branches and tags, each by name the commit."""
        with self._asking("cannot list the tags") as api:
            found = api.list_repo_refs(self.name)
        branches, tags = ({ref.name: ref.target_commit for ref in refs} for refs in (found.branches, found.tags))
        return branches, tags

    def tag(self, name: str, commit: str) -> None:
        """A new tag. Raises RegistryError if it is there and names another commit."""
        with self._asking(f"cannot set the tag {name}") as api:
            api.create_tag(self.name, tag=name, revision=commit, exist_ok=True)
        if (there := self.refs()[1].get(name)) != commit:
            raise RegistryError(f"{self.name}: tag {name} was set to {there} by somebody else; expected {commit}")

    def branch(self, name: str, commit: str) -> None:
        """A new branch that begins at a commit; nothing if there is one."""
        with self._asking(f"cannot create the branch {name}") as api:
            api.create_branch(self.name, branch=name, revision=commit, exist_ok=True)

    def since(self, commit: str, branch: str = MAIN) -> list[str]:
        """Commits of a branch after `commit`, newest first: "0123abcd 'title' by ada"."""
        with self._asking("cannot list the commits") as api:
            newer = []
            for each in api.list_repo_commits(self.name, revision=branch):
                if each.commit_id == commit:
                    break
                newer.append(f"{each.commit_id[:8]} {each.title!r} by {', '.join(each.authors) or 'unknown'}")
        return newer
