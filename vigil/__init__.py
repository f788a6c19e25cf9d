"""Vigil keeps deployed tabular models true: the machinery behind the root files."""

__version__ = "0.1.0"
