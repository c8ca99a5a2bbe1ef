"""Telling people: what is said (``messages``), the outbox it waits in, and the ways it leaves the house.

A row of the outbox goes one way, so that an attempt that fails repeats nothing that worked. Mail is composed
in ``mail`` and sent by ``smtp``; web push gets a module of its own beside them.
"""
