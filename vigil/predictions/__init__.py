"""Every answer that was given, and what came of it: written by the service, kept by the tick."""
