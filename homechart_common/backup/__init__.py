"""A whole server as one file, for whoever runs it; ``archive`` has a single household, for those who live in it."""
