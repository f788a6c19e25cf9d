"""Models side by side on the same held-out rows: scores, curves, reports by class, importances."""
