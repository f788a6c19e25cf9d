"""Feeds that are broken on purpose: data in batches, faults injected, and what is said of them."""
