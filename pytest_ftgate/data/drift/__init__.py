"""Inputs of today compared with those of training."""
