"""The process: background tasks, rate limiter, process log, connections, health."""
