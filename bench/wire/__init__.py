"""Minimal HTTP/1.1 directly on sockets, so that measuring costs little."""
