"""Journal of a provider -> dollars that earlier runs of the same job have spent, those possibly billed included."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_ftgate.serve.api.reply_cache import FILE


def spent_before(folder: Path) -> float:
    """0 if there is no journal. A budget that forgot it would be spent anew with each start after a crash."""
    path = folder / FILE
    if not path.exists():
        return 0.0
    open_: dict[str, float] = {}
    paid = 0.0
    for line in path.read_bytes().split(b"\n"):
        try:
            data = json.loads(line)
        except ValueError:
            continue
        if "sent" in data:
            paid += open_.pop(data["sent"], 0.0)  # of a run that was killed while it waited
            open_[data["sent"]] = float(data.get("dollars", 0.0))
        elif "said" in data:
            open_.pop(data["said"]["key"], None)
            paid += float(data["said"].get("dollars", 0.0))
        elif "lost" in data:
            paid += open_.pop(data["lost"], 0.0)
        elif "back" in data:
            open_.pop(data["back"], None)
    return paid + sum(open_.values())
