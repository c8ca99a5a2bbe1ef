"""The API process: REST, server-sent events, OpenAPI, and the web client's files."""
