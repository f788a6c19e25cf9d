"""History lived again under other policies: files cut, scratch projects run, what came of it."""
