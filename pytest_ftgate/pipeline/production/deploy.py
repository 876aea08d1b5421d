"""(Version, address of a running vLLM) -> its adapter answers there, proved by a probe.

Order, so that a failure at any step leaves the server as it was: the server is looked at, the adapter fetched and its
digest checked, loaded under the name of its digest, asked. If anything fails, what was loaded is dropped again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import ServeError
from pytest_ftgate.pipeline.production.steps import Steps
from pytest_ftgate.registry.model_tags import BASE, DTYPE, model_of, name_of

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry, Version
    from pytest_ftgate.serve.vllm.attached import RunningServer


@dataclass(frozen=True, slots=True)
class Deployed:
    """A version that answers.

    name: what clients ask for. steps: seconds of fetch, load and probe. new: not before. proof: what else is known.
    """

    version: Version
    server: RunningServer
    name: str
    steps: Mapping[str, float]
    new: bool
    proof: str = ""

    @property
    def seconds(self) -> float:
        """From the first look at the server to the probe's last answer."""
        return sum(self.steps.values())

    def __str__(self) -> str:
        steps = ", ".join(f"{step} {spent:.1f} s" for step, spent in self.steps.items())
        return f"v{self.version.number} serves at {self.server.base_url} after {self.seconds:.1f} s ({steps})"


def deploy(registry: Registry, version: Version, url: str, base: str = "", server_dir: str = "") -> Deployed:
    """Make `version` answer at a running server. Raises ServeError or RegistryError, and then has left nothing there.

    base: what the server calls the base model, by the user's word. server_dir: STATE_DIR/models as the server sees it.
    """
    from pytest_ftgate.serve.adapter import check_unchanged
    from pytest_ftgate.serve.vllm.attached import running_server

    server, name, steps = running_server(url), name_of(version), Steps()
    card = server.base()
    steps.done("looked")
    adapter = fetch_adapter(registry, version)
    _check_base(version, adapter, server, str(card["root"]), base)
    steps.done("fetched")
    new = not server.serves(name)
    try:
        if new:
            new = server.load(name, adapter, str(Path(server_dir, adapter.name) if server_dir else adapter.resolve()))
            check_unchanged(adapter, registry.digest_of(adapter), version.digest)
            steps.done("loaded")
        proof = server.prove(name, adapter, version.tags.get(DTYPE, ""))
    except BaseException:
        if new:
            server.drop(name)
        raise
    steps.done("probed")
    return Deployed(version, server, name, steps.seconds, new, str(proof or ""))


def fetch_adapter(registry: Registry, version: Version) -> Path:
    """The folder of an adapter, checked just now. Raises RegistryError, or ServeError if it is a whole model."""
    from pytest_ftgate.serve.model import is_adapter

    adapter = registry.fetch(version)
    if not is_adapter(adapter):
        raise ServeError(f"{version} is a full model, which cannot be loaded into a running server; use: ftgate serve")
    return adapter


def _check_base(version: Version, adapter: Path, server: RunningServer, root: str, base: str) -> None:
    """The server's base model is the tested one: by content if its folder can be read here, else by name."""
    tested = version.tags.get(BASE, "")
    if Path(root).is_dir() and Path(tested).is_absolute():
        model_of(version, adapter, root)
    elif root not in {tested, base}:
        raise ServeError(
            f"{server.base_url}: base model is {root}, but {version} was tested on {tested}\n"
            f"    use another server; or confirm that both are the same model: --base {root}"
        )
