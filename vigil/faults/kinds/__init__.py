"""The faults that are known by name: one file each, found by its name."""
