"""Name of a task, pipeline or golden set -> why files, MLflow or commands could not carry it."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 120
"""Bytes of UTF-8: a file name holds 255, and ours add to the name."""
RESERVED = ("ftgate-lock.",)
"""How the names begin that the registry's locks have."""
RESERVED_END = (".canary",)
"""How the names end of the experiments that hold the nights of a canary."""
ODD = re.compile(r"""[/\\:'"`*?<>|\s]""")
HELP = "use letters, digits, '.', '_' and '-'"


def name_problem(name: str) -> str:
    """Why a text cannot be a name, "" if it can."""
    size = len(name.encode("utf-8", "surrogatepass"))
    odd = sorted({char for char in name if ODD.match(char) or not char.isprintable()})
    faults = {
        "is empty": not name,
        f"contains {', '.join(map(ascii, odd))}": odd,
        f"is {size} bytes long, at most {LONGEST} allowed": size > LONGEST,
        f"begins with {name[:1]!r}": name.startswith(("-", ".")),
        f"begins with {RESERVED[0]!r}, which is reserved": name.startswith(RESERVED),
        f"ends with {RESERVED_END[0]!r}, which is reserved": name.endswith(RESERVED_END),
        "contains letters that are not in Unicode's composed form (NFC)": unicodedata.normalize("NFC", name) != name,
    }
    return next((text for text, found in faults.items() if found), "")
