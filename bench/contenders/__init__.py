"""The contenders, each written as well as its author would write it.

All read the same environment, which README describes. Without an app token they listen at `/slack/events` on
the port AVATAR_HTTP_PORT.
"""
