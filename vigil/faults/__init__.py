"""Faults of a feed by their names: what probably happened to a batch, how sure that is, what to do."""

from vigil.faults.case import Case
from vigil.faults.finding import Evidence, Fault, Finding
from vigil.faults.naming import get, look, names

__all__ = ["Case", "Evidence", "Fault", "Finding", "get", "look", "names"]
