"""Compares servers of one protocol under the same load: make compare."""
