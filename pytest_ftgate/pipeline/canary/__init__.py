"""The nightly canary run of a champion."""
