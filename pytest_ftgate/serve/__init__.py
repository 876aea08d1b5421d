"""Asking and serving models."""
