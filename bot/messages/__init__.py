"""What the bot says: pure functions from state to text and blocks."""
