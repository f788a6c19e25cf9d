"""Care of what is stored: copies to keep, rows to give out, rows to forget."""
