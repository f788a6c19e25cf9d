"""What came of the cases that were answered: late, in part, out of order, corrected."""
