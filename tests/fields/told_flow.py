"""A flow that answers with what it was told, as JSON."""

import msgspec

from kouyu.agents.flow import FlowRequest


async def told(request: FlowRequest) -> str:
    """The parameters."""
    return msgspec.json.encode(request.parameters).decode()
