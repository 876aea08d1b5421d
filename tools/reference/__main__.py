"""Nothing -> docs/reference/*.md and the decision guide, written anew; run by `make reference`."""

from __future__ import annotations

from tools.reference import FOLDER, pages
from tools.reference.advice import PAGE, guide


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"{FOLDER.name}/{name}")
    PAGE.write_text(guide(), encoding="utf-8")
    print(f"{PAGE.parent.name}/{PAGE.name}")


if __name__ == "__main__":
    main()
