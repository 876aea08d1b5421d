"""Nothing -> docs/reference/*.md, written anew; run by `make reference`."""

from __future__ import annotations

from tools.reference import FOLDER, pages


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"{FOLDER.name}/{name}")


if __name__ == "__main__":
    main()
