"""Work that takes so long that everything else would wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

#: One at a time: unpacking a picture may take a core and some hundred MB for seconds.
_free = asyncio.Semaphore(1)


async def aside(work: Callable[P, R], *arguments: P.args, **options: P.kwargs) -> R:
    """The result of ``work``, done in a thread when it is its turn."""
    async with _free:
        return await asyncio.to_thread(work, *arguments, **options)
