"""The embedded language model: a small local one, reached through the same interface as any other.

SmolLM2-135M-Instruct runs in llama.cpp's server in a child process, so that neither its crash nor its CPU load touches
the voice server. It answers usefully in English only, and calls no tools.
"""

import asyncio
import logging
import secrets
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from kouyu.agents import embedded_model_process
from kouyu.agents.agent import AgentError
from kouyu.agents.bot import Example
from kouyu.agents.embedded_model_process import ProcessOptions, Ready
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.prompt_folder import open_prompt_folder
from kouyu.engines.declaration import Engine, EngineContext, NoOptions
from kouyu.weights import cache

log = logging.getLogger(__name__)

_WEIGHTS: Final = "smollm2"
_FILE: Final = "SmolLM2-135M-Instruct.Q8_0.gguf"
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 30.0
"""Longest pause between two starts of a model that never became ready."""
_LONGEST_PAUSE_AFTER_LIFE_S: Final = 1.0
"""Longest pause after the death of a model that was ready: turns wait for the next start, about a second."""
_STABLE_AFTER_S: Final = 60.0
_LAST_REQUEST_S: Final = 1.0
"""Time for a process that gave an empty heartbeat answer to exit, since it may be dying."""
_LAST_WORDS: Final = 5

SAMPLING: Final[dict[str, Any]] = {
    "temperature": 0,
    "dry_multiplier": 0.8,
    "dry_allowed_length": 3,
    # The usual four cost 9 ms more before each first token.
    "dry_sequence_breakers": ["\n"],
    "max_tokens": 120,
    "cache_prompt": True,
}
"""Chosen on everyday questions: from temperature 0.2 on so small a model invents facts, and the usual repetition
penalty corrupts names and numbers; the penalty on repeated sequences (DRY) only ends loops."""

SAMPLING_AHEAD: Final[dict[str, Any]] = {"dry_multiplier": 0}
"""For drafts: a dozen tokens cannot loop, and setting up the DRY sampler takes 7 ms for each request."""

EXAMPLES: Final = (
    Example("Hello! How are you?", "I'm fine, thank you! How can I help you today?"),
    Example("What is the largest ocean?", "The largest ocean is the Pacific Ocean."),
    Example("Count to three.", "One, two, three."),
    Example("My name is Tom.", "Nice to meet you, Tom!"),
    Example("Thanks, bye!", "You're welcome. Goodbye!"),
)
"""For bots on this model: without examples half of its answers miss the question. Cached, they cost no time."""


class EmbeddedModelOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the model runs."""

    model_path: Path | None = None
    """A GGUF file; None takes SmolLM2 from the weights cache."""
    slots: int = 4
    """Answers generated at once; more are queued."""
    threads: int = 1
    """On two busy cores one thread is faster than two."""
    context_tokens: int = 2048
    """Context window of one conversation, in tokens."""
    cache_mib: int = 64
    """Memory for the prompts of conversations without a slot."""
    start_timeout_s: float = 20.0
    heartbeat_s: float = 2.0
    """Pause between two heartbeats."""
    heartbeat_limit_s: float = 5.0
    """A process that answers no heartbeat for so long is considered hung and replaced. Together with a restart this is
    below a turn's time limits."""


class EmbeddedModel:
    """Owns the model's process: starts it, replaces it when it dies or hangs, ends it. It dies with this process."""

    def __init__(self, options: EmbeddedModelOptions | None = None) -> None:
        self._options = options or EmbeddedModelOptions()
        self._api_key = secrets.token_urlsafe(32)
        self._port = 0
        self._process: asyncio.subprocess.Process | None = None
        self._was_ready = False
        """Whether the current, or last, process became ready."""
        self._openings = 0
        self._warming_up = asyncio.Lock()
        self._prompts = open_prompt_folder()
        self._ready = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None
        self._http = httpx.AsyncClient(
            timeout=self._options.start_timeout_s, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )

    async def start(self) -> None:
        """Start the model; return when it can answer, commonly within a second.

        Raises MissingWeights when the model is not on this machine, AgentError when it cannot start.
        """
        model_path = self._options.model_path or cache.folder(_WEIGHTS) / _FILE
        self._supervisor = asyncio.create_task(self._supervise(model_path), name="embedded-model")
        ready = asyncio.create_task(self._ready.wait())
        try:
            await asyncio.wait({ready, self._supervisor}, return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                await self._supervisor
        finally:
            ready.cancel()

    @property
    def endpoint(self) -> ModelEndpoint:
        """The model's endpoint, valid from ``start`` on; stays the same when the process is replaced."""
        if not self._port:
            raise RuntimeError("the embedded model has not been started")
        return ModelEndpoint(
            base_url=f"http://127.0.0.1:{self._port}/v1",
            model="SmolLM2-135M-Instruct" if self._options.model_path is None else self._options.model_path.stem,
            api_key=self._api_key,
            body=SAMPLING,
            context_tokens=self._options.context_tokens,
            reconnect_s=15.0,
            keep_alive=False,
            reads_ahead=True,
            starts_thinking=False,
            ahead_body=SAMPLING_AHEAD,
        )

    @property
    def process_id(self) -> int | None:
        """The id of the model's process; None while there is none."""
        return self._process.pid if self._process is not None else None

    async def ready(self) -> None:
        """Wait until the model can answer; returns at once unless its process has just died."""
        await self._ready.wait()

    async def warm_up(self, opening: Sequence[dict[str, Any]]) -> None:
        """Prefill the messages that a bot's conversations begin with (``LanguageModelBot.opening``).

        The first turn then need not wait for it, nor the first after a restart. A failure is only logged.

        Call it before conversations begin: with several bots the slots are shared out among the first of them.
        """
        read = {"messages": [*opening, {"role": "user", "content": "Hi"}], "max_tokens": 1, "id_slot": 0}
        try:
            async with self._warming_up:
                await self._post("/v1/chat/completions", read)
                await self._post("/slots/0?action=save", {"filename": str(self._openings)})
                self._openings += 1
                await self._share_openings()
        except httpx.HTTPError as fault:
            log.warning("The embedded language model could not prefill a bot's prompt: %s", fault)

    async def _share_openings(self) -> None:
        """Load the cached openings into the slots, which takes milliseconds."""
        for slot in range(self._options.slots if self._openings else 0):
            await self._post(f"/slots/{slot}?action=restore", {"filename": str(slot % self._openings)})

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        url = f"http://127.0.0.1:{self._port}{path}"
        answer = await self._http.post(url, json=body, headers={"Authorization": f"Bearer {self._api_key}"})
        answer.raise_for_status()

    async def close(self) -> None:
        """End the process."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait({self._supervisor})
        await self._http.aclose()
        self._prompts.cleanup()

    async def _supervise(self, model_path: Path) -> None:
        """Keep a process running. Raises AgentError only if the first one fails to start."""
        clock = asyncio.get_running_loop().time
        pause = _FIRST_PAUSE_S
        while True:
            began = clock()
            try:
                await self._live_once(model_path)
            except AgentError as error:
                if not self._port:
                    raise
                log.warning("%s", error)
            pause = _FIRST_PAUSE_S if clock() - began > _STABLE_AFTER_S else min(2 * pause, _LONGEST_PAUSE_S)
            await asyncio.sleep(min(pause, _LONGEST_PAUSE_AFTER_LIFE_S) if self._was_ready else pause)

    async def _live_once(self, model_path: Path) -> None:
        """Run one process from start to death. Raises AgentError, which says how it died."""
        self._was_ready = False
        try:
            async with self._child() as (child, last_words):
                async with asyncio.timeout(self._options.start_timeout_s):
                    port = await self._started(child, model_path)
                if port is not None:
                    if self._port:
                        log.info("The embedded language model is ready again.")
                    self._port = port
                    await self._share_openings()
                    self._process = child
                    self._was_ready = True
                    self._ready.set()
                    await self._watch(child, port)
                code = await child.wait()
                raise AgentError(f"The embedded language model ended with status {code}. {await last_words}".strip())
        except TimeoutError as fault:
            raise AgentError("The embedded language model did not start in time.") from fault
        except (OSError, httpx.HTTPError, msgspec.DecodeError) as fault:
            raise AgentError(f"The embedded language model did not start: {fault}") from fault
        finally:
            self._ready.clear()
            self._process = None

    async def _watch(self, child: asyncio.subprocess.Process, port: int) -> None:
        """Send heartbeats until the process is dead. Raises AgentError if it hangs and has to be killed."""
        death = asyncio.create_task(child.wait())
        try:
            while not (await asyncio.wait({death}, timeout=self._options.heartbeat_s))[0]:
                if not await self._is_alive(port) and not (await asyncio.wait({death}, timeout=_LAST_REQUEST_S))[0]:
                    limit_s = self._options.heartbeat_limit_s
                    raise AgentError(f"The embedded language model hangs: no heartbeat for {limit_s:g} s.")
        finally:
            death.cancel()

    async def _is_alive(self, port: int) -> bool:
        try:
            url = f"http://127.0.0.1:{port}/health"
            answer = await self._http.get(url, timeout=self._options.heartbeat_limit_s)
        except httpx.HTTPError:
            return False
        return answer.is_success

    @asynccontextmanager
    async def _child(self) -> AsyncIterator[tuple[asyncio.subprocess.Process, asyncio.Task[str]]]:
        """Yield a process and a task that returns its last output lines once it is dead. Ends the process on exit."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", embedded_model_process.__name__),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # Ctrl-C at the terminal is for the server, which then ends this process in order.
            start_new_session=True,
        )
        last_words = asyncio.create_task(_last_lines(child.stderr))
        try:
            yield child, last_words
        finally:
            with suppress(ProcessLookupError):
                child.kill()
            await last_words
            await child.communicate()

    async def _started(self, child: asyncio.subprocess.Process, model_path: Path) -> int | None:
        """Send the process its options and wait until it is ready. Return its port, or None if it ended first."""
        assert child.stdin is not None
        assert child.stdout is not None
        options = ProcessOptions(
            model_path=str(model_path),
            port=self._port,
            api_key=self._api_key,
            slots=self._options.slots,
            threads=self._options.threads,
            context_tokens=self._options.context_tokens,
            cache_mib=self._options.cache_mib,
            prompts_folder=self._prompts.name,
        )
        child.stdin.write(msgspec.json.encode(options) + b"\n")
        line = await child.stdout.readline()
        if not line:
            return None
        port = msgspec.json.decode(line, type=Ready).port
        (await self._http.get(f"http://127.0.0.1:{port}/health")).raise_for_status()
        return port


async def _last_lines(stream: asyncio.StreamReader | None) -> str:
    """Log the process's output, and return its last lines."""
    lines: deque[str] = deque(maxlen=_LAST_WORDS)
    assert stream is not None
    async for line in stream:
        lines.append(line.decode(errors="replace").strip())
        log.debug("embedded language model: %s", lines[-1])
    return " ".join(lines)


async def start_embedded_model() -> EmbeddedModel:
    """Start the model, and return it when it can answer. Raises MissingWeights, AgentError."""
    model = EmbeddedModel()
    try:
        await model.start()
    except BaseException:
        await model.close()
        raise
    return model


async def _load(_: EngineContext, __: NoOptions) -> EmbeddedModel:
    return await start_embedded_model()


ENGINE: Final = Engine(name="embedded", kind="llm", load=_load, weights=lambda _: (_WEIGHTS,))
