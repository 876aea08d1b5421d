"""The package's own code -> the pages below docs/reference, as {file name: Markdown}."""

from tools.reference.pages import FOLDER, pages

__all__ = ["FOLDER", "pages"]
