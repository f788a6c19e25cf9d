"""A checked file becomes a batch: recorded, deduplicated, profiled and stored exactly once."""
