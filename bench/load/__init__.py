"""The load generator: people who type commands, and Slack's way of delivering them."""
