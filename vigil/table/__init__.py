"""Versioned rows: the Delta Lake table of accepted rows, its duplicates index, the quarantine."""
