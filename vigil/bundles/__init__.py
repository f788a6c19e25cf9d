"""A trained model on disk: an immutable folder whose name is the hash of what is in it."""

from vigil.bundles.reading import features, load_manifest, made_under, open_pipeline, size, verify
from vigil.bundles.writing import write

__all__ = ["features", "load_manifest", "made_under", "open_pipeline", "size", "verify", "write"]
