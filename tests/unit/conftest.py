"""For all unit tests, before any of them imports numpy or torch."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
"""Tests run beside each other, and the models are tiny: a second thread each only waits, most of the time spinning."""
