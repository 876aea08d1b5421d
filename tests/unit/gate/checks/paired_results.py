"""Results of models, made by counting."""

from pytest_ftgate.gate.verdict import Result

RIGHT, WRONG, UNMEASURED = Result(1.0, True), Result(0.0, False), Result(None, None)


def two_models(b, c, both=0, neither=0):
    """(candidate, reference): b cases only the candidate has right, c only the reference."""
    pairs = [(RIGHT, WRONG)] * b + [(WRONG, RIGHT)] * c + [(RIGHT, RIGHT)] * both + [(WRONG, WRONG)] * neither
    return {f"c{i}": one for i, (one, _) in enumerate(pairs)}, {f"c{i}": other for i, (_, other) in enumerate(pairs)}


def graded(*values):
    return {f"c{i}": Result(value, value == 1) for i, value in enumerate(values)}
