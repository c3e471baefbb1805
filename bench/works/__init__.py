"""The works: what is done, and which figures come of it."""
