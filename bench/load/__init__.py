"""The load generator: people who type commands, and Slack's delivery of them."""
