"""Every message about a job, kept true."""
