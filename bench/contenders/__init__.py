"""The contenders, each written as well as its author would.

All of them read the same environment, the one that README describes. Where they are given no app token they
listen at `/slack/events` on the port AVATAR_HTTP_PORT.
"""
