"""What people do with jobs: start, stop, RTC access; and what came of it."""
