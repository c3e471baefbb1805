"""The environment and `.env`: reading them, and checking database URL, certificates, proxies and rules."""
