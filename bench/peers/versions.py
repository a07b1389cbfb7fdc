"""The versions of what a peer is made of."""

import asyncio
import json

from bench.peers.peer import Peer

_PROGRAM = "import json, importlib.metadata as m; print(json.dumps({{n: m.version(n) for n in {names}}}))"


async def versions(peer: Peer) -> dict[str, str]:
    """By package, as its environment has them."""
    program = _PROGRAM.format(names=list(peer.packages))
    process = await asyncio.create_subprocess_exec(str(peer.python), "-c", program, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    return dict(json.loads(said))
