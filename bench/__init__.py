"""Measurements of the plugin beside its peers; `make bench` runs them."""
