"""The log of invocations in SQLite or PostgreSQL; the only package that imports SQLAlchemy."""
