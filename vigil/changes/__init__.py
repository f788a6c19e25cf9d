"""What a batch changed for the release that met it, computed once and written to the ledger."""

from vigil.changes.diagnosis import Sources, diagnose

__all__ = ["Sources", "diagnose"]
