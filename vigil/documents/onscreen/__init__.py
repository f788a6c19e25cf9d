"""A report as one page that needs nothing else: no script, no font, no picture from elsewhere."""
