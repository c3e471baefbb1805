"""Rows that are never lost: commit before the ack, claim, retry, retention."""
