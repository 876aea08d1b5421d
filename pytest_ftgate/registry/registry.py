"""(uri, state folder) -> Registry: everything the rest of the package may ask of the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import EllipsisType
from typing import Any

from pytest_ftgate.errors import IntegrityError, RegistryError
from pytest_ftgate.registry import audit_tags, judged, promotion, promotion_lock, runs, search, versions
from pytest_ftgate.registry.audit import AuditLog, Entry, Head
from pytest_ftgate.registry.audit.log import FILE as LOG_FILE
from pytest_ftgate.registry.audit.moves import tasks_of
from pytest_ftgate.registry.live import LiveRun
from pytest_ftgate.registry.location import check_task
from pytest_ftgate.registry.moving import Expected, Moving
from pytest_ftgate.registry.signature import Keys
from pytest_ftgate.registry.standing import Standing, look
from pytest_ftgate.registry.store import Store
from pytest_ftgate.registry.version import AGAINST, DIGEST, RESULTS, RUN, TASK_TAG, VERDICT, Version

_RESULTS = "results"
"""The folder of a run with the frozen results of each golden set."""


def open_registry(uri: str | None, state_dir: Path, keys: Keys = versions.UNSIGNED) -> Registry:
    """The registry at `uri`, else at MLFLOW_TRACKING_URI, else in `state_dir`/mlflow.db.

    keys: with which adapters are signed and their signatures verified.

    Nothing is imported, opened or created before the first call of a method; errors are RegistryError.
    """
    return Registry(Store(uri, state_dir), state_dir, keys=keys)


@dataclass(frozen=True, slots=True)
class Registry:
    """Runs, versions and champions. Tasks are named as golden sets are.

    lease_s: so long a promotion may hold its lock. wait_s: so long another one waits for it, by default long enough
    to outlive the lock of a killed process. on_wait: called with the holder's claim before waiting. promoter_key:
    file of the private key of who moves champions, where only some may. on_step: called with "verify", "lock"
    and "move" as a promotion or rollback gets there.
    """

    store: Store
    state_dir: Path
    digest_of: Callable[[Path], str] = versions.adapter_digest
    lease_s: float = promotion_lock.LEASE_S
    wait_s: float = promotion_lock.LEASE_S + 2 * promotion_lock.SKEW_S
    on_wait: Callable[[promotion_lock.Claim], None] | None = None
    on_step: Callable[[str], None] | None = None
    keys: Keys = versions.UNSIGNED
    promoter_key: Path | None = None

    def prepare(self) -> None:
        """Import MLflow and create the embedded store if there is none: 10 to 30 s that can pass in another thread."""
        with self.store.asking("cannot open the registry"):
            pass

    def tasks(self) -> list[str]:
        """The names of all tasks that have a version of ours, sorted."""
        names: list[str] = []
        token: str | None = ""
        with self.store.asking("cannot list the tasks") as client:
            while token is not None:
                page = client.search_registered_models(page_token=token or None)
                names += [model.name for model in page if TASK_TAG.items() <= dict(model.tags or {}).items()]
                token = page.token or None
        return sorted(names)

    def recorded_tasks(self) -> list[str]:
        """Those and the tasks that the audit log has seen a champion of, sorted."""
        return sorted({*self.tasks(), *tasks_of(self.log)})

    def champion(self, task: str) -> Version | None:
        """What production serves; None if nothing was promoted yet. Raises IntegrityError if the alias or the version
        was changed by hand, or the audit log is gone: then there is a champion on record that does not stand there.
        """
        return self.standing(task).proved

    def standing(self, task: str) -> Standing:
        """What stands there as the champion of a task, and what was recorded."""
        return look(self.store, self.log, task)

    def version(self, task: str, number: int) -> Version:
        """Version `number` of `task`; RegistryError lists those there are."""
        return versions.version_of(self.store, task, number)

    def versions(self, task: str) -> list[Version]:
        """All versions, oldest first; empty if there are none."""
        return versions.versions_of(self.store, task)

    def log_run(  # noqa: PLR0913, PLR0917
        self,
        task: str,
        params: Mapping[str, object],
        metrics: Mapping[str, float],
        curves: runs.Curves,
        artifacts: Mapping[str, Path],
        tags: Mapping[str, str],
        live: LiveRun | None = None,
    ) -> str:
        """Log one finished run and give its id. live: the run that the training has begun, which is gone on with.

        params: settings, may be nested. metrics: final numbers. curves: name -> (step, value) pairs. artifacts: folder
        in the run ("" is its top) -> file or folder to copy. tags: hashes, verdict; "mlflow.runName" names the run.
        """
        if live is None or not live.is_there():
            return runs.log_run(self.store, task, params, metrics, curves, artifacts, tags)
        run_id = runs.log_run(self.store, task, params, metrics, live.rest(curves), artifacts, tags, live.run_id)
        live.forget()
        return run_id

    def live_run(self, task: str, folder: Path) -> LiveRun:
        """The run of a training in this folder; one that was begun there, if it has no verdict yet."""
        return LiveRun(self.store, task, folder)

    def tag_run(self, run_id: str, metrics: Mapping[str, float], tags: Mapping[str, str]) -> None:
        """Add what became known after the training, such as the verdict, to a run."""
        runs.tag_run(self.store, run_id, metrics, tags)

    def logged(self, experiment: str, tags: Mapping[str, str]) -> list[search.Logged]:
        """The finished runs of an experiment that carry these tags, oldest first; see `log_run`."""
        return search.search(self.store, experiment, tags)

    def artifact(self, run_id: str, file: str) -> Any:
        """The content of a JSON file among a run's artifacts; None if it has none of that name."""
        return runs.read_json(self.store, run_id, file)

    def add_version(  # noqa: PLR0913, PLR0917
        self,
        task: str,
        adapter_dir: Path,
        digest: str,
        run_id: str,
        tags: Mapping[str, str],
        over: Version | EllipsisType | None = ...,
    ) -> Version:
        """Register an adapter folder under its run; it is not champion by that.

        digest: what `adapter_digest` said when the adapter was tested; checked here again. tags: put
        `commands.served.tags_of(model)` here, so that `ftgate serve` can serve it. The same adapter of the same base is
        registered once: a repeated call gives the version there is, with the new tags and run. over: the champion that
        it was judged against, by default the one of now. A verdict among the tags is a line of the audit log.
        """
        if VERDICT in tags:
            champion = self.champion(task) if over is ... else over
            tags = {**tags, AGAINST: judged.against(champion), DIGEST: digest, RUN: run_id}
            tags |= {f"{RESULTS}{name}": sha for name, sha in runs.digests(self.store, run_id, _RESULTS).items()}
            self.log.append(judged.KIND, task, judged.facts(tags))
        tags = {**tags, **audit_tags.head_tags(self.log)}
        return versions.add_version(self.store, self.digest_of, task, adapter_dir, digest, run_id, tags, self.keys)

    def results(self, version: Version, golden: str) -> dict[str, Any]:
        """What was logged as results/<golden>.json when the version was judged; {"cases": {}} if nothing was.

        Raises IntegrityError if file or tags are not what was recorded then.
        """
        judged.recorded(version, self.log)
        name = f"{golden}.json"
        sha256 = version.tags.get(f"{RESULTS}{name}", "") if VERDICT in version.tags else None
        found = runs.read_json(self.store, version.run_here, f"{_RESULTS}/{name}", sha256) if version.run_id else None
        return found if isinstance(found, dict) else {"cases": {}}

    def metrics(self, version: Version) -> dict[str, float]:
        """The final numbers of the run that judged a version; empty if no run did."""
        return runs.read_metrics(self.store, version.run_here) if version.run_id else {}

    def params(self, version: Version) -> dict[str, str]:
        """Settings and digests of the run that judged a version, as text; empty if no run did."""
        return runs.read_params(self.store, version.run_here) if version.run_id else {}

    def fetch(self, version: Version, dest: Path | None = None) -> Path:
        """The adapter's folder, `dest` or a cache in the state folder, whose digest was checked just now.

        A damaged copy is fetched again; RegistryError if the stored adapter itself has another digest.
        """
        target = dest or self.state_dir / "models" / f"{version.task}-{version.digest[:16]}"
        return versions.fetch(self.store, self.digest_of, version, target, self.keys)

    def stored(self, version: Version, dest: Path) -> Path:
        """What is kept of a version, for a backup, copied to `dest` and checked; not decrypted."""
        return versions.stored(self.store, self.digest_of, version, dest, self.keys)

    def promote(  # noqa: PLR0913
        self,
        task: str,
        number: int,
        reason: str,
        over: Expected = ...,
        *,
        override: bool = False,
        promoters: Sequence[Path] = (),
    ) -> Version:
        """Make version `number` the champion; the version as it is then.

        over: the champion it was judged against (None: there was none); if another one is champion by now, nothing
        is changed and RegistryError says so. By default the champion at the time of the call.
        override: promote it though its verdict was HOLD or REJECT; the audit log and its tags say so for good.
        promoters: public keys (PEM) of those who may from now on, where no list of them is on record yet.
        """
        return self._moving.promote(self.version(task, number), reason, over, override=override, listed=promoters)

    def rollback_target(self, task: str, to: int | None = None) -> Version:
        """The version that `rollback` would make the champion; RegistryError if there is none."""
        return promotion.to_roll_back(self.store, self.standing(task), to, "").target

    def rollback(self, task: str, reason: str, to: int | None = None, over: Expected = ...) -> Version:
        """Make the champion's predecessor (or the earlier champion `to`) the champion again; that version.

        Also after alias or version were changed by hand, see `Standing`. over: as of `promote`.
        """
        return self._moving.roll_back(task, reason, to, over)

    def reset(self, task: str, reason: str) -> None:
        """Begin without a champion, on the record, where none of those on record is left. RegistryError if one is."""
        self._moving.reset(task, reason)

    def leave_out(self, task: str, reason: str) -> None:
        """As `reset`, in the audit log alone: of a task that this registry does not hold, and may hold later."""
        signed = self._moving.signed(self.standing(task), "reset", "", reason)
        self.log.append("reset", task, {"reason": reason, "over": None, "found": [], **signed})

    def set_promoters(self, task: str, keys: Sequence[Path], reason: str) -> Standing:
        """Only who has the private key of one of these (PEM files) may move the champion of a task from now on.

        Where there is such a list already, one of its promoters must sign the new one. Raises RegistryError.
        """
        return self._moving.set_promoters(task, keys, reason)

    @property
    def _moving(self) -> Moving:
        def check(target: Version) -> None:
            versions.verify(self.store, self.digest_of, target, self.keys)

        return Moving(self.store, self.log, check, self.lock, self.promoter_key, self.on_step)

    def changed(self, task: str, *, results: bool = True) -> list[str]:
        """What was changed by hand besides the champion: past champions that are gone, tags and results of versions.

        results: fetch those of every version too.
        """
        found: list[str] = []
        versions_now = self.versions(task)
        there, mark = {version.as_predecessor() for version in versions_now}, self.standing(task).mark
        gone = [each for each in (mark.past if mark else ()) if each not in there]
        found += [f"v{each.number}, a former champion, was deleted by hand in MLflow" for each in gone]
        for version in versions_now:
            try:
                judged.recorded(version, self.log)
                for tag in version.tags if results else ():
                    if tag.startswith(RESULTS):
                        self.results(version, tag.removeprefix(RESULTS).removesuffix(".json"))
            except IntegrityError as error:
                found.append(str(error).partition("\n")[0].removeprefix(f"{task} "))
        return found

    def judged_since_move(self, task: str) -> frozenset[str]:
        """Digests of the candidates judged since the champion last moved, also of versions that were deleted since."""
        return judged.judged_since_move(self.log, task)

    @property
    def log(self) -> AuditLog:
        """The audit log of the state folder."""
        return AuditLog(self.state_dir / LOG_FILE)

    def record(self, task: str, kind: str, what: Mapping[str, Any]) -> Entry:
        """Append a line to the audit log, and keep its head with the champion; see `audit.KINDS`."""
        entry = self.log.append(kind, task, what)
        if champion := self.standing(task).version:
            versions.tag_version(self.store, champion, audit_tags.head_tags(self.log))
        return entry

    def heads(self) -> list[Head]:
        """What the versions of all tasks keep of audit logs, of this state folder or another."""
        return audit_tags.heads_of(version for task in self.tasks() for version in self.versions(task))

    def lock(self, task: str) -> AbstractContextManager[promotion_lock.Held]:
        """The right to move the champion of `task`, for a `with` block; RegistryError names who has it instead."""
        return promotion_lock.hold(self.store, check_task(task), self.lease_s, self.wait_s, self.on_wait)

    def unlock(self, task: str, reason: str) -> promotion_lock.Claim:
        """Break the lock of a task, on the record; who had it. RegistryError if it is free."""
        claim = promotion_lock.last_claim(self.store, check_task(task))
        if claim is None:
            raise RegistryError(f"{task} is not locked")
        signed = self._moving.signed(self.standing(task), "unlock", claim.holder, reason)
        self.log.append("unlock", task, {"holder": str(claim), "reason": reason, "claim": claim.holder, **signed})
        promotion_lock.break_lock(self.store, task)
        return claim

    def lock_holder(self, task: str) -> str:
        """Who holds the lock and until when; "" if it is free."""
        claim = promotion_lock.last_claim(self.store, check_task(task))
        return str(claim) if claim else ""
