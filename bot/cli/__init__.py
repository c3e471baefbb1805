"""The terminal: `avatar-bot` and its commands."""
