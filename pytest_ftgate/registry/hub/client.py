"""hf://ORG/NAME -> the registry itself on the Hub, behind the same interface as MLflow's client.

Aliases move, and names are claimed, by a commit that is only made upon the one that was looked at: the lock of a
promotion needs no more. See `registry.client` for what each method does.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from pytest_ftgate.registry.error_codes import MISSING, TAKEN
from pytest_ftgate.registry.hub.repository import Repository
from pytest_ftgate.registry.hub.runs import HubRuns, Page, must
from pytest_ftgate.registry.hub.state import Change, Snapshot, State


def hub_client(uri: str) -> HubClient:
    """The client of the registry at hf://ORG/NAME; nothing is asked yet."""
    return HubClient(State(Repository(uri.partition("://")[2].strip("/"))))


class HubClient(HubRuns):
    """All of `registry.client.Client`."""

    def create_registered_model(
        self, name: str, tags: dict[str, Any] | None = None, description: str | None = None
    ) -> Any:
        """A new model; an error if there is one of that name."""
        made = {
            "tags": _texts(tags),
            "aliases": {},
            "created": _now(),
            "description": description or "",
            "versions": {},
            "last": 0,
        }

        def make(now: Snapshot) -> Change[None]:
            must(name not in now.data["models"], TAKEN, f"Registered Model (name={name}) already exists.")
            now.data["models"][name] = made
            return now.with_data(), None

        self.state.change(f"model {name}", make)
        return _to_model(name, made)

    def get_registered_model(self, name: str) -> Any:
        """The model, with tags and aliases."""
        return _to_model(name, _model(self.state.now(), name))

    def set_registered_model_tag(self, name: str, key: str, value: Any) -> None:
        """Set a tag of a model."""
        self._edit(name, lambda model: model["tags"].update({key: str(value)}))

    def delete_registered_model(self, name: str) -> None:
        """Remove a model with all its versions; the files of their runs stay."""

        def make(now: Snapshot) -> Change[None]:
            _model(now, name)
            del now.data["models"][name]
            return now.with_data(), None

        self.state.change(f"without model {name}", make)

    def search_registered_models(self, *, page_token: str | None = None) -> Page:  # noqa: ARG002 - one page holds all
        """All models."""
        return Page(_to_model(name, model) for name, model in sorted(self.state.now().data["models"].items()))

    def create_model_version(
        self, name: str, source: str, run_id: str | None = None, tags: dict[str, Any] | None = None
    ) -> Any:
        """The next version of a model."""

        def make(now: Snapshot) -> Change[Any]:
            model = _model(now, name)
            model["last"] += 1
            made = {"source": source, "run_id": run_id, "tags": _texts(tags), "created": _now()}
            model["versions"][str(model["last"])] = made
            return now.with_data(), _to_version(name, str(model["last"]), made)

        return self.state.change(f"version of {name}", make)

    def get_model_version(self, name: str, version: str) -> Any:
        """One version."""
        return _to_version(name, version, _version(_model(self.state.now(), name), name, version))

    def search_model_versions(
        self,
        filter_string: str | None = None,
        *,
        page_token: str | None = None,  # noqa: ARG002 - one page holds all
    ) -> Page:
        """The versions of a model: "name = 'spam'"."""
        [name] = re.findall(r"^name = '([^']*)'$", filter_string or "")
        versions = self.state.now().data["models"].get(name, {}).get("versions", {})
        return Page(_to_version(name, number, found) for number, found in versions.items())

    def set_model_version_tag(self, name: str, version: str, key: str, value: Any) -> None:
        """Set a tag of a version."""
        self._edit(name, lambda model: _version(model, name, version)["tags"].update({key: str(value)}))

    def delete_model_version(self, name: str, version: str) -> None:
        """Remove a version, and aliases of it; its number is not given out again."""

        def delete(model: dict[str, Any]) -> None:
            _version(model, name, version)
            del model["versions"][version]
            model["aliases"] = {alias: number for alias, number in model["aliases"].items() if number != version}

        self._edit(name, delete, f"{name} without v{version}")

    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        """Remove a tag; nothing if there is none."""
        self._edit(name, lambda model: _version(model, name, version)["tags"].pop(key, None))

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        """Point an alias of a model to a version, whatever it pointed to."""

        def point(model: dict[str, Any]) -> None:
            _version(model, name, version)
            model["aliases"][alias] = version

        self._edit(name, point, f"{alias} of {name}: v{version}")

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """Remove an alias; nothing if there is none."""
        self._edit(name, lambda model: model["aliases"].pop(alias, None), f"{name} without {alias}")

    def _edit(self, name: str, edit: Callable[[dict[str, Any]], object], what: str = "") -> None:
        def make(now: Snapshot) -> Change[None]:
            edit(_model(now, name))
            return now.with_data(), None

        self.state.change(what or f"tags of {name}", make)


def _model(now: Snapshot, name: str) -> dict[str, Any]:
    models: dict[str, dict[str, Any]] = now.data["models"]
    must(name in models, MISSING, f"Registered Model with name={name} not found")
    return models[name]


def _version(model: dict[str, Any], name: str, version: str) -> dict[str, Any]:
    versions: dict[str, dict[str, Any]] = model["versions"]
    must(version in versions, MISSING, f"Model Version (name={name}, version={version}) not found")
    return versions[version]


def _to_model(name: str, model: dict[str, Any]) -> Any:
    return SimpleNamespace(name=name, tags=model["tags"], aliases=model["aliases"], creation_timestamp=model["created"])


def _to_version(name: str, number: str, found: dict[str, Any]) -> Any:
    return SimpleNamespace(
        name=name,
        version=number,
        source=found["source"],
        run_id=found["run_id"],
        tags=found["tags"],
        creation_timestamp=found["created"],
    )


def _texts(tags: dict[str, Any] | None) -> dict[str, str]:
    return {key: str(value) for key, value in (tags or {}).items()}


def _now() -> int:
    return int(time.time() * 1000)
