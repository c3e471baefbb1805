"""Follow jobs to their end."""
