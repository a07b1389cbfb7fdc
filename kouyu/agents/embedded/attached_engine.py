"""The declaration of a language model that another process of this server runs: worker processes have it."""

from typing import Final

from kouyu.agents.embedded.attached import Attachment, file_of
from kouyu.agents.embedded.model import EmbeddedModel, RunOptions
from kouyu.agents.embedded.plan import EmbeddedOptions, Plan
from kouyu.agents.embedded.tiered_model import TieredModel
from kouyu.engines.declaration import Engine, EngineContext
from kouyu.engines.errors import EngineUnavailable

NAME: Final = "attached"


async def _load(_: EngineContext, attachment: Attachment) -> TieredModel:
    if not attachment.port:
        raise EngineUnavailable(f"the llm engine {NAME!r} is for worker processes, which are told where the model is")
    file = file_of(attachment)
    model = EmbeddedModel(file, RunOptions(slots=attachment.slots), reason=attachment.reason, attachment=attachment)
    try:
        await model.start()
    except BaseException:
        await model.close()
        raise
    # The plan has the running tier alone: only the process that runs the model could replace it by a larger one.
    return TieredModel(model, Plan(EmbeddedOptions(tier=file.tier or "auto", model=attachment.file)))


ENGINE: Final = Engine(name=NAME, kind="llm", load=_load, options=Attachment)
