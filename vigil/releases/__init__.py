"""What is live: switching it in one atomic step, and keeping ledger and pointer in line."""
