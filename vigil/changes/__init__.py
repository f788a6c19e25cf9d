"""What a batch changed for the release that met it, computed once and written to the ledger."""

from vigil.changes.diagnosis import Sources, compare_rows, diagnose
from vigil.changes.telling import lines

__all__ = ["Sources", "compare_rows", "diagnose", "lines"]
