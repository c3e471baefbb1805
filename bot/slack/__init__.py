"""The connection to Slack: client, Bolt, HTTP, Socket Mode, delivery."""
