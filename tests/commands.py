"""The commands that our documents print, typed into a shell."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def printed_in(document: str) -> str:
    """All commands of a document, in their order."""
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL)
    assert blocks, f"{document} has no commands"
    return "\n".join(blocks)


async def typed(script: str, api: str, folder: Path) -> str:
    """What commands write that a person types in a folder; ``api`` is where their server is in truth."""
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-eu",
        "-o",
        "pipefail",
        "-c",
        script.replace("http://localhost:3000", api),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(shell.communicate(), 30)
    text = output.decode()
    assert shell.returncode == 0, errors.decode() + text
    return text


def tour() -> str:
    """The tour in the README.

    A person types slower than this: the listener is connected before anything happens, and hears of it.
    """
    script = printed_in("README.md").replace("LISTENER=$!", "LISTENER=$!; sleep 1")
    return script.replace("kill $LISTENER", "sleep 0.5; kill $LISTENER")
