"""The service: a file per endpoint in ``endpoints``; beside it what all of them share."""
