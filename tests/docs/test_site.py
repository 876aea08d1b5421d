"""The site is built without a warning, and loads nothing from anywhere. With --quiet mkdocs would count no warnings."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.repository import ROOT


def test_the_site_builds_and_needs_no_network(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "index.html").read_text("utf-8")
    loaded = re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"(https?:[^\"]+)", html)
    assert not [address for address in loaded if 'rel="canonical"' not in address]
