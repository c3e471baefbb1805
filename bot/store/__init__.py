"""The invocation log, posts and leases in SQLite or PostgreSQL; the only package that imports SQLAlchemy."""
