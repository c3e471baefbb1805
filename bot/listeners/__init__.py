"""Slack in: each listener parses, asks the policy, hands on and acknowledges."""
