"""Every message about a job: delivered at least once and kept up to date."""
