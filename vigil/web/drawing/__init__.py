"""Charts as points of small drawings: no size grows with the history."""
