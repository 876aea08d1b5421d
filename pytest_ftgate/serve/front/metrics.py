"""What happens in the front -> Prometheus's text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.errors import MissingExtra

if TYPE_CHECKING:
    from pytest_ftgate.serve.front.route import Route


class FrontMetrics:
    """Counters of one server; they begin at 0 when it starts. Raises MissingExtra without prometheus-client."""

    def __init__(self) -> None:
        try:
            from prometheus_client import CollectorRegistry, Counter, Gauge
        except ImportError:
            raise MissingExtra("ftgate serve", "gateway") from None
        self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"ftgate_{name}", text, labels, registry=self.registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"ftgate_{name}", text, labels, registry=self.registry)

        self.requests = counter("requests", "Requests by the version that answered and HTTP status", "version", "code")
        self.swaps = counter("swaps", "Times that another version took over")
        self.failed_swaps = counter("failed_swaps", "Candidates that failed to load or to answer the probe")
        self.engine_restarts = counter("engine_restarts", "Times that the engine was started again after it had died")
        self.registry_errors = counter("registry_errors", "Times that the registry could not be asked")
        self.cache_hits = counter("cache_hits", "Requests answered from the result cache")
        self.cache_misses = counter("cache_misses", "Requests that the result cache could have answered, but had not")
        self.cache_errors = counter("cache_errors", "Times that the result cache did not answer")
        self.log_errors = counter("log_errors", "Requests that could not be written to the log")
        self.last_swap_s = gauge("last_swap_seconds", "Seconds from the news of a champion until it answered")
        self.registry_answered = gauge("registry_last_answer_timestamp_seconds", "When the registry last answered")
        self._in_flight = gauge("requests_in_flight", "Requests on their way")
        self._champion = gauge("champion_info", "1 for the version that answers", "task", "version", "digest")
        self.in_flight = 0

    def began(self) -> None:
        """A request has arrived."""
        self.in_flight += 1
        self._in_flight.set(self.in_flight)

    def ended(self, version: str, code: int) -> None:
        """It was answered. version: "" if by no model. code: HTTP status; 499 if the client left before."""
        self.in_flight -= 1
        self._in_flight.set(self.in_flight)
        self.requests.labels(version, str(code)).inc()

    def champion(self, task: str, route: Route) -> None:
        """Another version answers from now on."""
        self._champion.clear()
        self._champion.labels(task, route.version, route.digest).set(1)

    def text(self) -> bytes:
        """All of them in Prometheus's text format."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)
