"""Texts -> vectors, by an embedding model on this machine or a server that has one."""
