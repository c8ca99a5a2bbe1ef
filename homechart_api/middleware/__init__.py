"""What a request passes through, outermost first: context, metrics, errors, cors; per route: limits, session."""
