"""What the API and the worker share: configuration, PostgreSQL, the declared objects, notifications."""
