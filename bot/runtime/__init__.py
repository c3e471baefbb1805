"""The process: background tasks, rate limiter, process log, proxies, health."""
