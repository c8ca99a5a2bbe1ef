"""The version of this build, as ``GET /api`` and the command line report it."""

VERSION = "2023.08.1"
