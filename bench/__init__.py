"""Compare the bot with its alternatives: `make bench`, or `python -m bench --quick`.

Contenders, stand-ins for Slack and MetaStudio, and the load generator are separate processes on one machine,
in one run. Contenders take turns round by round. Absolute numbers vary between machines; the ratios are the
result.
"""
