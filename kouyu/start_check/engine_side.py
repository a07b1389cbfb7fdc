"""Checks the engines: their libraries, weights, endpoints and voices. Says what would be loaded."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from kouyu.agents.embedded.engine import ENGINE as EMBEDDED_MODEL
from kouyu.agents.embedded.engine import chosen_for_good, chosen_now
from kouyu.assembly.engine_loading import STARTS_WITHOUT, engines_used
from kouyu.engines import engine_registry
from kouyu.engines.declaration import Engine, Kind
from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.pressure import EnginesElsewhere
from kouyu.engines.remote.options import RemoteOptions
from kouyu.engines.remote.processes import EngineProcesses
from kouyu.engines.remote.wire import KINDS, Description
from kouyu.engines.tts.engine import Voice
from kouyu.settings import Settings
from kouyu.start_check.finding import Finding, error, good, warning
from kouyu.start_check.reaching import CannotReach, lists, models_at
from kouyu.text.sensitive_words import SensitiveWordsError, words_of_file
from kouyu.text.similar_names import nearest
from kouyu.weights import cache, catalogue
from kouyu.weights.weight_set import WeightSet


async def findings(settings: Settings) -> Sequence[Finding]:
    """Check them all."""
    found: list[Finding] = []
    engines: list[Engine[Any]] = []
    for kind, name in engines_used(settings):
        try:
            engines.append(await asyncio.to_thread(engine_registry.find, kind, name))
        except EngineUnavailable as fault:
            found.append(error(f"engine {kind}", str(fault)))
    for engine in engines:
        found += [each async for each in _of_engine(engine, settings)]
    found += await asyncio.to_thread(lambda: [*_voices(engines, settings), *_words(settings)])
    return found


async def _of_engine(engine: Engine[Any], settings: Settings) -> AsyncIterator[Finding]:
    subject = f"engine {engine.kind}"
    try:
        engine.require_libraries()
    except EngineUnavailable as fault:
        yield (warning if engine.kind in STARTS_WITHOUT else error)(subject, str(fault))
        return
    options = settings.engines.options_of(engine)
    sets = [catalogue.find(name) for name in engine.weights(options)]
    lacking = [each for each in sets if not cache.is_there(each)]
    what = f"{engine.name}{_language_model(engine, settings)}"
    weights = ", ".join(f"{each.name} ({each.size / 1e6:.0f} MB)" for each in sets if each not in lacking)
    yield good(subject, f"{what}; weights here: {weights}" if weights else what)
    for weight_set in lacking:
        yield _lacking(subject, weight_set)
    if getattr(options, "base_url", ""):
        yield await _endpoint(subject, options)
    if isinstance(options, RemoteOptions):
        async for finding in _remote(subject, engine.kind, options):
            yield finding


def _lacking(subject: str, weight_set: WeightSet) -> Finding:
    size = f"{weight_set.size / 1e6:.0f} MB"
    text = f"the weights {weight_set.name} ({weight_set.purpose}, {size}) are not on this machine; to get them: "
    return (warning if weight_set.recommended else error)(subject, f"{text}kouyu models fetch {weight_set.name}")


def _language_model(engine: Engine[Any], settings: Settings) -> str:
    """Which of the embedded models it would be, and which one it would become."""
    if engine is not EMBEDDED_MODEL:
        return ""
    options = settings.engines.options_of(EMBEDDED_MODEL)
    now, later = chosen_now(options), chosen_for_good(options)
    if now is None:
        there = "" if Path(options.model).is_file() else ", which is not there"
        return f": {options.model}{there}"
    text = f": {now.tier.name} ({now.tier.title}), because {now.reason}"
    if later is None or later.tier is now.tier or not settings.weights.fetch_in_background:
        return text
    return f"{text}; {later.tier.name} ({later.tier.title}) is fetched while the server runs, and takes its place"


async def _endpoint(subject: str, options: Any) -> Finding:
    """Check an engine that is an OpenAI-compatible endpoint."""
    key = options.api_key
    if variable := options.api_key_env:
        key = os.environ.get(variable, "")
        if not key:
            return error(subject, f"the environment variable {variable} (api_key_env) is not set")
    try:
        listed = await models_at(options.base_url, {"Authorization": f"Bearer {key}"} if key else {})
    except CannotReach as fault:
        return error(subject, str(fault))
    return model_finding(subject, options.base_url, options.model, listed)


async def _remote(subject: str, kind: Kind, options: RemoteOptions) -> AsyncIterator[Finding]:
    """Check the addresses of an engine that runs in other processes: one of them has to serve it."""
    if kind not in KINDS:
        return
    try:
        processes = EngineProcesses(kind, options, EnginesElsewhere())
    except EngineUnavailable as fault:
        yield error(subject, str(fault))
        return
    try:
        looked = await processes.look()
    finally:
        await processes.close()
    serving = [url for url, answer in looked.items() if isinstance(answer, Description) and kind in answer.kinds]
    is_needed = not serving and not options.fallback
    for url, answer in looked.items():
        match answer:
            case Description(kinds=kinds) if kind in kinds:
                yield good(subject, f"{url} serves it")
            case Description(kinds=kinds):
                yield (error if is_needed else good)(subject, f"{url} serves other engines: {', '.join(kinds)}")
            case EngineUnavailable():
                yield error(subject, str(answer))
            case None:
                text = f"{url} does not answer; to start engines there: kouyu engines"
                yield (error if is_needed else warning)(subject, text)


def model_finding(subject: str, base_url: str, model: str, listed: Sequence[str] | None) -> Finding:
    """What to say of a model at an endpoint that lists these; None: it lists none."""
    if listed is None:
        return good(subject, f"{model} at {base_url}, which answers and does not list its models")
    if not lists(model, listed):
        return warning(subject, f"{base_url} does not list the model {model!r}; it has: {nearest(model, listed)}")
    return good(subject, f"{model} at {base_url}")


def _voices(engines: Sequence[Engine[Any]], settings: Settings) -> Iterator[Finding]:
    """The voices that bots and languages name, and whether there is one for English: where each engine can tell."""
    speaking = [engine for engine in engines if engine.kind == "tts" and _can_load(engine)]
    if not speaking:
        yield error("voices", "there is none: no speech engine can be loaded")
        return
    if any(engine.voices is None for engine in speaking):
        return
    voices: list[Voice] = []
    for engine in speaking:
        if engine.voices is not None:
            voices += engine.voices(settings.engines.options_of(engine))
    ids = [voice.voice_id for voice in voices]
    languages = sorted({language for voice in voices for language in voice.languages})
    yield good("voices", f"{len(ids)}, for {', '.join(languages) or 'no language'}")
    if "en" not in languages:
        yield warning("voices", "none speaks English: English answers are silent. An engine with one: hibari")
    wanted = {"engines.default_voice": settings.engines.default_voice}
    wanted |= {f"engines.default_voices, {code}": name for code, name in settings.engines.default_voices.items()}
    aliases = settings.engines.voice_aliases
    wanted |= {f"engines.voice_aliases, {alias}": name for alias, name in aliases.items()}
    wanted |= {f"bot {bot.id}": aliases.get(bot.voice_id, bot.voice_id) for bot in settings.bots}
    for where, name in wanted.items():
        if name and name not in ids:
            yield error(where, f"there is no voice {name!r}; there are: {nearest(name, ids)}")


def _can_load(engine: Engine[Any]) -> bool:
    try:
        engine.require_libraries()
    except EngineUnavailable:
        return False
    return True


def _words(settings: Settings) -> Iterator[Finding]:
    if file := settings.transcripts.sensitive_words:
        try:
            words_of_file(Path(file))
        except SensitiveWordsError as fault:
            yield error("transcripts.sensitive_words", str(fault))
        else:
            yield good("transcripts.sensitive_words", file)
