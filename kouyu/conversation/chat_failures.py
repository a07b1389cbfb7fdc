"""Why a chat failed, as ``last_error.msg`` tells the client: one text for each cause, spoken chat or text chat."""

from typing import Final

from kouyu.domain.errors import INTERNAL_MSG

NO_CALLS: Final = "the agent requested tools but listed none"
NOT_READ: Final = "the conversation could not be read from the database: try again in a moment"
UNEXPECTED: Final = f"the agent failed: {INTERNAL_MSG}"


def no_answer(within_s: float) -> str:
    """The agent's first token did not come within ``reply_start_s``."""
    return f"the agent did not answer within {within_s:g} s: try again in a moment"


def answer_stalled(after_s: float) -> str:
    """No further token came within ``reply_stall_s``."""
    return f"the agent stopped in the middle of its answer: nothing more for {after_s:g} s"


def no_tool_outputs(within_s: float) -> str:
    """The client did not submit its tools' outputs within ``tool_outputs_s``."""
    return f"the client did not submit its tools' outputs within {within_s:g} s"
