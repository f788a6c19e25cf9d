"""What a batch changed for the release that met it, computed once and written to the ledger."""

from vigil.changes.diagnosis import Sources, diagnose
from vigil.changes.telling import lines

__all__ = ["Sources", "diagnose", "lines"]
