"""(registry, task, repository) -> every version that was champion, each under its tag; the branch `champion` last.

The branch moves by one commit upon the one that was looked at. Killed before it, the Hub shows the former champion; the
same command goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry.hub.explain import Moved
from pytest_ftgate.registry.hub.push import Options, edited, manifest_at, push
from pytest_ftgate.registry.hub.repository import Repository, Stored
from pytest_ftgate.registry.version import CHAMPION, Version

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry


def mirror(
    registry: Registry, task: str, repo: Repository, options: Options, say: Callable[[str], None]
) -> tuple[Version, bool]:
    """The champion, and whether the branch has moved. Raises RegistryError if there is no champion.

    Champions by override are pushed with the reason that they were promoted with.
    """
    champion = registry.champion(task)
    if champion is None:
        raise RegistryError(f"{task} has no champion yet; see `ftgate status`")
    past = {each.number: each.digest for each in champion.predecessors}
    there = [each for each in registry.versions(task) if past.get(each.number) == each.digest]
    commits = {}
    for version in [*there, champion]:
        done = push(registry, version, repo, _with_reason(options, version), say)
        commits[version.number] = done.commit
        say(f"{version} {'pushed' if done.new else 'is there'}: {repo.name}@v{version.number}")
    return champion, _point(repo, champion, commits[champion.number], replace=options.replace)


def _with_reason(options: Options, version: Version) -> Options:
    reason = options.override or str(version.override.get("reason", ""))
    return Options(options.public, reason, options.replace, options.key)


def _point(repo: Repository, champion: Version, commit: str, *, replace: bool) -> bool:
    """Make the branch hold what the champion's tag holds; whether it did not yet.

    Raises RegistryError if somebody has edited the branch, unless that may be replaced.
    """
    now = repo.refs()[0].get(CHAMPION, "")
    if not now:
        repo.branch(CHAMPION, commit)
        return True
    there, wanted = _files(repo, now), _files(repo, commit)
    if there == wanted:
        return False
    if not replace:
        _check_branch(repo, now)
    names = wanted.keys()
    folder = repo.download(names, commit)
    gone = there.keys() - names
    try:
        repo.commit({name: folder / name for name in names}, sorted(gone), f"champion: {champion}", now, CHAMPION)
    except Moved as error:
        newer = "; ".join(repo.since(now, CHAMPION)[:3])
        raise Moved(
            f"the branch {CHAMPION} of {repo.name} was moved in between: {newer}\n    run the same command again"
        ) from error
    return True


def _files(repo: Repository, commit: str) -> dict[str, Stored]:
    return {name: stored for name, stored in repo.files(commit).items() if name != ".gitattributes"}


def _check_branch(repo: Repository, commit: str) -> None:
    """RegistryError unless the branch holds what a push has written."""
    manifest = manifest_at(repo, commit)
    changed = edited(repo, commit, manifest) if manifest else sorted(_files(repo, commit))
    if manifest is None or changed:
        raise RegistryError(
            f"the branch {CHAMPION} of {repo.name} was changed on the Hub: {', '.join(changed[:5])}\n"
            "    take over what you want to keep, then put the champion back: --replace"
        )
