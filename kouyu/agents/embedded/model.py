"""The embedded language model as it runs: reached through the same interface as any other model."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any, Final

import httpx
import msgspec

from kouyu.agents.agent import AgentError
from kouyu.agents.embedded.attached import AttachedProcess, Attachment
from kouyu.agents.embedded.child import ProcessOptions
from kouyu.agents.embedded.machine import cores, processor_time_s
from kouyu.agents.embedded.prompts import PREFILL_BODY
from kouyu.agents.embedded.slots import ConversationSlots
from kouyu.agents.embedded.supervisor import Supervisor, Watch
from kouyu.agents.embedded.tiers import ModelFile
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.prompt_folder import open_prompt_folder
from kouyu.model_files.gguf_file import BadModel

log = logging.getLogger(__name__)

_SPEED_PROMPT: Final = "The quick brown fox jumps over the lazy dog. " * 3
_SPEED_TOKENS: Final = 12
_SPEED_RUNS: Final = 3
_LONGEST_LOAD_S: Final = 2.0
"""For an opening that is loaded into a slot; a turn goes on without it."""
_LONGEST_PREFILL_S: Final = 120.0
"""For a bot's opening, with the tools: hundreds of tokens, on a machine that also loads everything else."""


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the model runs."""

    slots: int = 8
    """Conversations whose prompts stay in the KV cache, and answers generated at once; more are queued."""
    threads: int = 0
    """Threads that read and write; 0: as many as the model gains from, where the machine has as many cores."""
    context_tokens: int = 2048
    """Context window of one conversation, in tokens."""
    watch: Watch = Watch()


class Speed(msgspec.Struct, frozen=True):
    """How fast a model works on this machine, in ms for each token."""

    reading_ms: float
    writing_ms: float


class _Timings(msgspec.Struct, frozen=True):
    """Of llama.cpp's server."""

    prompt_n: int
    prompt_ms: float
    predicted_n: int
    predicted_ms: float


class _Completion(msgspec.Struct, frozen=True):
    timings: _Timings


class _Opening(msgspec.Struct, frozen=True):
    """The messages that a bot's conversations begin with, and its tools."""

    messages: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...]

    def begins(self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]]) -> bool:
        return tuple(messages[: len(self.messages)]) == self.messages and tuple(tools) == self.tools


class EmbeddedModel:
    """A model in a process of its own, which is replaced when it dies or hangs, and ends with this one."""

    def __init__(
        self,
        model: ModelFile,
        options: RunOptions | None = None,
        *,
        reason: str = "",
        attachment: Attachment | None = None,
    ) -> None:
        """``attachment``: another process runs the model, and this one has some of its slots."""
        self.model = model
        self.reason = reason
        """Why this model was chosen: a clause that follows "because"."""
        self._options = options or RunOptions()
        self._threads = self._options.threads or model.threads(cores())
        self._openings: list[_Opening] = []
        self._slots = ConversationSlots(self._options.slots)
        self._placing = [asyncio.Lock() for _ in range(self._options.slots)]
        self._warming_up = asyncio.Lock()
        self._prompts = open_prompt_folder()
        self._first_slot = attachment.first_slot if attachment is not None else 0
        self._supervisor: Supervisor | AttachedProcess = (
            Supervisor(self._options.watch, when_started=self._share_openings)
            if attachment is None
            else AttachedProcess(attachment, when_started=self._restore_openings)
        )

    async def start(self) -> None:
        """Start the model; return when it can answer, commonly within a second. Raises AgentError if it cannot."""
        try:
            template = await asyncio.to_thread(self.model.chat_template)
        except (BadModel, OSError) as fault:
            raise AgentError(f"{self.model.path} cannot be read: {fault}") from fault
        await self._supervisor.start(self._process_options(template))

    @property
    def endpoint(self) -> ModelEndpoint:
        """The model's endpoint, valid from ``start`` on; stays the same when the process is replaced."""
        if not self._supervisor.port:
            raise RuntimeError("the embedded model has not been started")
        return ModelEndpoint(
            base_url=f"http://127.0.0.1:{self._supervisor.port}/v1",
            model=self.model.title,
            api_key=self._supervisor.api_key,
            body=self.model.prompts.body,
            context_tokens=self._options.context_tokens,
            reconnect_s=15.0,
            keep_alive=False,
            reads_ahead=True,
            calculations=True,
            starts_thinking=False,
            obeys_tool_choice=False,
            ahead_body=self.model.prompts.body_ahead,
            prefill_body=PREFILL_BODY,
        )

    @property
    def name(self) -> str:
        """Tier and model, for people."""
        return f"{self.model.tier} ({self.model.title})" if self.model.tier else self.model.title

    @property
    def process_id(self) -> int | None:
        """The id of the model's process; None while there is none."""
        return self._supervisor.process_id

    def stay_at(self, attachment: Attachment) -> None:
        """Start the process where an earlier one was, so that those attached find it. Call it before ``start``."""
        self._supervisor.port, self._supervisor.api_key = attachment.port, attachment.api_key

    def attachments(self, processes: int) -> tuple[Attachment, ...]:
        """The slots of the running model, shared out among so many other processes."""
        each = self._options.slots // processes
        attachment = Attachment(
            port=self._supervisor.port,
            api_key=self._supervisor.api_key,
            tier=self.model.tier,
            file="" if self.model.tier else str(self.model.path),
            reason=self.reason,
            slots=each,
        )
        return tuple(msgspec.structs.replace(attachment, first_slot=number * each) for number in range(processes))

    async def ready(self) -> None:
        """Wait until the model can answer; returns at once unless its process has just died."""
        await self._supervisor.ready()

    async def warm_up(self, opening: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]] = ()) -> None:
        """Prefill the messages that a bot's conversations begin with (``LanguageModelBot.openings``), and its tools.

        The first turn then need not wait for it, nor the first after a restart. A failure is only logged.

        Call it before conversations begin: with several openings the slots are shared out among the first of them.
        """
        read = {"messages": [*opening, {"role": "user", "content": "Hi"}], "max_tokens": 1, "id_slot": self._first_slot}
        if tools:
            read["tools"] = list(tools)
        try:
            async with self._warming_up:
                await self._supervisor.post("/v1/chat/completions", read, timeout_s=_LONGEST_PREFILL_S)
                save = f"/slots/{self._first_slot}?action=save"
                await self._supervisor.post(save, {"filename": self._file(len(self._openings))})
                self._openings.append(_Opening(tuple(opening), tuple(tools)))
                await self._share_openings()
        except httpx.HTTPError as fault:
            log.warning("The embedded language model could not prefill a bot's prompt: %r", fault)

    async def _share_openings(self) -> None:
        """Load the cached openings into the slots, which takes milliseconds."""
        for slot in range(self._options.slots if self._openings else 0):
            await self._load_opening(slot, slot % len(self._openings))

    async def _restore_openings(self) -> None:
        """As ``_share_openings``; prefills them again where the process that had them saved has been replaced."""
        try:
            await self._share_openings()
        except httpx.HTTPStatusError:
            openings, self._openings = self._openings, []
            for opening in openings:
                await self.warm_up(opening.messages, opening.tools)

    async def _load_opening(self, slot: int, opening: int) -> None:
        path = f"/slots/{self._first_slot + slot}?action=restore"
        await self._supervisor.post(path, {"filename": self._file(opening)}, timeout_s=_LONGEST_LOAD_S)

    def _file(self, opening: int) -> str:
        """The file of an opening in the folder of prompts, which the processes that share a model have in common."""
        return f"{self._first_slot}-{opening}"

    async def place(
        self, conversation_id: str, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]]
    ) -> dict[str, Any]:
        """Return the field of a request that names the conversation's slot; nothing without a conversation.

        A conversation that had no slot gets one with its bot's opening in it, if ``warm_up`` has prefilled that.
        """
        if not conversation_id:
            return {}
        slot, is_new = self._slots.take(conversation_id)
        async with self._placing[slot]:  # a request of the same conversation waits until its opening is loaded
            if is_new:
                await self._begin_with_opening(slot, messages, tools)
        return {"id_slot": self._first_slot + slot}

    async def _begin_with_opening(
        self, slot: int, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]]
    ) -> None:
        for number, opening in enumerate(self._openings):
            if opening.begins(messages, tools):
                try:
                    await self._load_opening(slot, number)
                except httpx.HTTPError as fault:
                    log.info("The embedded language model could not load a bot's prompt, and reads it: %r", fault)
                return

    async def speed(self) -> Speed:
        """Measure how fast the model reads and writes: the best of three short runs. Takes one to four seconds.

        Processor time is measured where the system tells it (Linux), so that other work on the machine hardly counts.
        Call it before ``warm_up``. Raises AgentError.
        """
        read = {"prompt": _SPEED_PROMPT, "n_predict": 1, "temperature": 0, "cache_prompt": False}
        write = {**read, "n_predict": _SPEED_TOKENS, "ignore_eos": True, "cache_prompt": True}
        try:
            runs = [(await self._timed(read), await self._timed(write)) for _ in range(_SPEED_RUNS)]
        except (httpx.HTTPError, msgspec.DecodeError) as fault:
            raise AgentError(f"The speed of the embedded language model could not be measured: {fault}") from fault
        return Speed(
            reading_ms=min(timings.prompt_ms * share / timings.prompt_n for (timings, share), _ in runs),
            writing_ms=min(timings.predicted_ms * share / timings.predicted_n for _, (timings, share) in runs),
        )

    async def _timed(self, body: dict[str, Any]) -> tuple[_Timings, float]:
        """The times of a completion, and the share of them in which all threads had a processor, 0 to 1: else one
        waits for another."""
        began_work = await asyncio.to_thread(processor_time_s, self.process_id)
        began = time.monotonic()
        answer = await self._supervisor.post("/completion", body)
        taken_s = time.monotonic() - began
        work = await asyncio.to_thread(processor_time_s, self.process_id)
        timings = msgspec.json.decode(answer, type=_Completion).timings
        if began_work is None or work is None:
            return timings, 1.0
        share_of_each = min(1.0, (work - began_work) / taken_s / self._threads)
        return timings, share_of_each**self._threads

    def _process_options(self, chat_template: str) -> ProcessOptions:
        return ProcessOptions(
            model_path=str(self.model.path),
            chat_template=chat_template,
            slots=self._options.slots,
            threads=self._threads,
            context_tokens=self._options.context_tokens,
            cache_mib=self.model.cache_mib,
            prompts_folder=self._prompts.name,
        )

    async def close(self) -> None:
        """End the process."""
        await self._supervisor.close()
        self._prompts.cleanup()
