"""The works: what is done, and which figures result."""
