"""The report's chapters, each a list of pieces (``content``) made from the service's answers."""
