"""The registry on the Hub, with what somebody can do to it by hand: edits of its file, and what only tests read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pytest_ftgate.registry.hub.client import HubClient


class HubByHand(HubClient):
    def delete_model_version(self, name: str, version: str) -> None:
        def delete(model: dict[str, Any]) -> None:
            del model["versions"][version]
            model["aliases"] = {alias: number for alias, number in model["aliases"].items() if number != version}

        self._edit(name, delete)

    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        self._edit(name, lambda model: model["versions"][version]["tags"].pop(key))

    def get_metric_history(self, run_id: str, key: str) -> list[Any]:
        points = self.state.now().run(run_id)["points"]
        return [SimpleNamespace(step=step, value=value) for name, value, step, _ in points if name == key]
