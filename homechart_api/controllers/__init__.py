"""Handlers of the routes that are more than reading and writing one kind of object."""
