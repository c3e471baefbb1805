"""Jobs are followed to their end."""
