"""Servers that do anything: the list of faults, and runs that must survive each of them."""
