"""The report's chapters, each a list of flowables made from the service's answers."""
