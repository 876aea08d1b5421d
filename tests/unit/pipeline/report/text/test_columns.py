"""The headline of a comparison counts as people do."""

from __future__ import annotations

import pytest

from pytest_ftgate.pipeline.report.text.columns import headline


@pytest.mark.parametrize(
    ("n", "said"), [(0, "on 0 cases of 3 "), (1, "on 1 case of 3 "), (2, "on 2 cases of 3 "), (3, "on 3 cases")]
)
def test_how_many_cases_were_compared(n, said):
    each = {"set": "mail", "n": n, "asked": 3, "columns": [{}, {}], "unmeasured": []}
    assert headline(each).startswith(f"mail in 2 columns, compared {said}")
