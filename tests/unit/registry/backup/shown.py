"""What a user sees of the versions of a registry."""

from __future__ import annotations


def told(registry):
    """What a user sees of the versions of "spam"."""
    own = ("ftgate.restored_run", "ftgate.registered_ms")
    return [
        (
            each.number,
            each.digest,
            each.run_id,
            round(each.created_s, 3),
            {key: value for key, value in each.tags.items() if key not in own},
            registry.results(each, "sms"),
            registry.metrics(each),
            registry.params(each),
        )
        for each in registry.versions("spam")
    ]
