"""What the front knows: the version that answers, whether the engine is alive, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_ftgate.serve.front.metrics import FrontMetrics
from pytest_ftgate.serve.front.route import Route


@dataclass(slots=True)
class FrontState:
    """Changed by what follows the registry, read by the handlers; all of it in one event loop.

    name: what clients ask for. current: None until the champion is loaded and has answered the probe.
    engine_error: why the engine is down, "" while it is alive. registry_error: why the registry could not be asked the
    last time. rejected: the candidate that failed to take over, and why. leaving: the server is about to end.
    refusing: it takes no request any more. task: of the registry; "": as `name`.
    """

    name: str
    metrics: FrontMetrics
    current: Route | None = None
    engine_error: str = ""
    registry_error: str = ""
    rejected: str = ""
    leaving: bool = False
    refusing: bool = False
    task: str = ""

    def switch(self, new: Route) -> Route | None:
        """From now on each request that arrives is answered by `new`; the route before it."""
        old, self.current = self.current, new
        self.metrics.champion(self.task or self.name, new)
        return old

    @property
    def unready(self) -> str:
        """Why no request should be sent here; "" if the server is ready."""
        if self.leaving:
            return "the server is shutting down"
        if self.engine_error:
            return f"the engine is down: {self.engine_error}"
        return "" if self.current else "the champion is being loaded"

    @property
    def refusal(self) -> str:
        """Why a request cannot be answered now; "" if it can."""
        if self.leaving:
            return "the server is shutting down" if self.refusing else ""
        return self.unready

    def facts(self) -> dict[str, Any]:
        """The body of /ready."""
        route = self.current
        said = {
            "ready": not self.unready,
            "reason": self.unready,
            "name": self.name,
            "version": route.version if route else "",
            "digest": route.digest if route else "",
            "in_flight": self.metrics.in_flight,
            "registry_error": self.registry_error,
            "rejected": self.rejected,
        }
        return {key: value for key, value in said.items() if value != ""}
