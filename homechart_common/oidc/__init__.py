"""Signing in with accounts that people have elsewhere: OpenID Connect, seen from the side that trusts a provider.

:mod:`provider` knows a provider: where to send people, and who they are when they come back with a code. It asks
over :mod:`transport`, and believes what :mod:`tokens` has verified.
"""
