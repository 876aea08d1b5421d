"""The ways in which a row of training data is written -> one form."""

from pytest_ftgate.data.readers.shapes.row import row_of
from pytest_ftgate.data.readers.shapes.table import SHAPES

__all__ = ["SHAPES", "row_of"]
