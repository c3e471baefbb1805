"""This bot measured beside what people would use instead: `make bench`, or `python -m bench --quick`.

The contenders, the stand-ins for Slack and MetaStudio, and the load generator are processes of their own, on
one machine, in one run, taking turns round by round. Absolute numbers are noise, ratios are the result.
"""
