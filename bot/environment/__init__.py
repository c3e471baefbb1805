"""What the environment and `.env` say: the file, the database, certificates, proxies, rules."""
