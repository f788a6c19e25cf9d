"""How state is written: whole, or not at all."""
