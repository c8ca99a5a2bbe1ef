"""The worker: reminders, mail, and clearing up. Any number of them share the work."""
