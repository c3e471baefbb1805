"""HTTP/1.1 with next to nothing between it and the sockets, so that measuring costs little."""
