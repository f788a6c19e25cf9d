"""What happened and why: one database for every run, score and decision of a project."""
