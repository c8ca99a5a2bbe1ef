"""What we claim about speed and size, measured against a stated limit in the same run: ``python -m bench``."""
