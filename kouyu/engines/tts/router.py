"""Combines several synthesizers: finds the engine of a voice, and a voice for every language.

For each sentence: cuts it where the language changes to one that the chosen voice does not speak, normalises each part
into its spoken form (text.spoken_form), has its voice speak it, and ends with a short pause. If the engine of a voice
fails, a voice of another engine takes over.
"""

import logging
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Final

import msgspec

from kouyu.audio.pcm import silence
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts.clauses import pause_after
from kouyu.engines.tts.engine import AudioPiece, SpeechSynthesizer, SynthesisOptions, Voice
from kouyu.engines.tts.prosody import speed_of
from kouyu.text.language import NAME_OF_LETTERS, is_written_like, language_of, split_by_language
from kouyu.text.latin_languages import latin_language_of
from kouyu.text.spoken_form import spoken_form

LONG_TEXT: Final = 500
"""Characters from which on text normalisation (2 ms) runs on a worker."""

log = logging.getLogger(__name__)

RESTS_S: Final = 30.0
"""Seconds for which a failed engine is tried last: another failure may delay each sentence by seconds."""


class _Part(msgspec.Struct, frozen=True):
    voice: Voice
    text: str


class VoiceRouter:
    """A SpeechSynthesizer over others, whose voices it lists in their order.

    ``default_voices`` names the voice for a language (ISO 639-1). A language without one gets the first voice that has
    it as its own, else the first that speaks it. ``default_voice`` is listed first and used if no voice is requested.
    ``aliases`` are further ids by which voices can be requested; they are not listed. Raises ValueError for a name that
    no engine has.
    """

    def __init__(
        self,
        engines: Sequence[SpeechSynthesizer],
        scheduler: Scheduler,
        *,
        default_voice: str = "",
        default_voices: Mapping[str, str] | None = None,
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self._engines = tuple(engines)
        self._scheduler = scheduler
        self._rests_until: dict[int, float] = {}
        """Until when (``time.monotonic``) failed engines are tried last, by their ``id``."""
        self._owners = {voice.voice_id: engine for engine in self._engines for voice in engine.voices()}
        self._voices = {voice.voice_id: voice for engine in self._engines for voice in engine.voices()}
        wanted = dict(default_voices or {})
        self._aliases = dict(aliases or {})
        if unknown := {default_voice, *wanted.values(), *self._aliases.values()} - {"", *self._voices}:
            raise ValueError(f"no voice is called {', '.join(sorted(unknown))}; known: {', '.join(self._voices)}")
        if default_voice:
            self._voices = {default_voice: self._voices[default_voice]} | self._voices
        self._by_language = {
            language: self._voices[wanted[language]] if language in wanted else self._first_voice(language)
            for language in {*wanted, *(code for voice in self._voices.values() for code in voice.languages)}
        }

    def voices(self) -> Sequence[Voice]:
        """All voices, the default first."""
        return tuple(self._voices.values())

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        """Speak a sentence in any mix of languages. Raises EngineError for an unknown voice, and at the end for a part
        that gave no audio because no voice speaks its language.

        The sample rate may differ between pieces of different voices.
        """
        rate = 0
        unspoken: set[str] = set()
        for part in self._parts(text, self._chosen(options.voice_id)):
            spoken = await self._spoken_form(part, priority)
            if not spoken:
                continue
            is_silent = True
            async with aclosing(self._spoken_by_whoever_can(part, spoken, options, priority)) as pieces:
                async for piece in pieces:
                    is_silent = False
                    rate = piece.sample_rate
                    yield piece
            if is_silent:
                unspoken |= _letters_of_others(part)
        pause = pause_after(text) / speed_of(options.speech_rate)
        if rate and pause:
            yield AudioPiece(silence(1000 * pause, rate), rate)
        if unspoken:
            raise EngineError(f"no voice here speaks {', '.join(NAME_OF_LETTERS[code] for code in sorted(unspoken))}")

    async def close(self) -> None:
        """Close all engines."""
        for engine in self._engines:
            await engine.close()

    async def _spoken_by_whoever_can(
        self, part: _Part, spoken: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        """Speak in the part's voice; if its engine fails before the first audio, in a voice of another engine."""
        voices = self._in_turn(part.voice, language_of(spoken) or part.voice.languages[0])
        for voice, next_voice in zip(voices, [*voices[1:], None], strict=True):
            engine, heard = self._owners[voice.voice_id], False
            try:
                voiced = msgspec.structs.replace(options, voice_id=voice.voice_id)
                async with aclosing(engine.synthesize(spoken, voiced, priority)) as pieces:
                    async for piece in pieces:
                        heard = True
                        yield piece
                self._rests_until.pop(id(engine), None)
                return
            except EngineError as error:
                self._rests_until[id(engine)] = time.monotonic() + RESTS_S
                if heard or next_voice is None:
                    raise
                log.warning("the voice %s failed (%s): %s speaks instead", voice.voice_id, error, next_voice.voice_id)

    def _in_turn(self, wanted: Voice, language: str) -> list[Voice]:
        """The voices to try: one of each engine that speaks the language; engines that just failed come last."""
        able = [wanted, *(voice for voice in self._voices.values() if language in voice.languages)]
        able.sort(key=lambda voice: (voice is not wanted, voice.languages[0] != language))
        of_engines: dict[int, Voice] = {}
        for voice in able:
            of_engines.setdefault(id(self._owners[voice.voice_id]), voice)
        now = time.monotonic()
        return sorted(
            of_engines.values(), key=lambda voice: self._rests_until.get(id(self._owners[voice.voice_id]), 0) > now
        )

    def _first_voice(self, language: str) -> Voice:
        able = [voice for voice in self._voices.values() if language in voice.languages]
        return next((voice for voice in able if voice.languages[0] == language), able[0])

    def _chosen(self, voice_id: str) -> Voice:
        voice_id = self._aliases.get(voice_id, voice_id)
        if voice_id == "" and self._voices:
            return next(iter(self._voices.values()))
        if voice_id not in self._voices:
            raise EngineError(f"no voice is called {voice_id!r}")
        return self._voices[voice_id]

    def _parts(self, text: str, chosen: Voice) -> list[_Part]:
        """Split the text into runs of one voice. Languages that no voice speaks are left to the chosen one."""
        parts: list[_Part] = []
        for letters, run in split_by_language(text):
            voice = self._voice_for(letters, run, chosen)
            if parts and parts[-1].voice == voice:
                parts[-1] = _Part(voice, parts[-1].text + run)
            else:
                parts.append(_Part(voice, run))
        return parts

    def _voice_for(self, letters: str, run: str, chosen: Voice) -> Voice:
        """The voice for a run in one script (``letters``).

        It is the chosen voice if one of its languages uses that script: its engine decides which language it is. Only
        words of a language that it lacks and another voice has go to that voice.
        """
        if letters == "en":
            language = latin_language_of(run) or "en"
            if language not in chosen.languages and language != "en" and language in self._by_language:
                return self._by_language[language]
        if letters == "" or any(is_written_like(language, letters) for language in chosen.languages):
            return chosen
        return self._by_language.get(letters, chosen)

    async def _spoken_form(self, part: _Part, priority: Priority) -> str:
        language = _language_of_part(part)
        if len(part.text) < LONG_TEXT:
            return spoken_form(part.text, language)
        return await self._scheduler.run(lambda _: spoken_form(part.text, language), priority)


def _letters_of_others(part: _Part) -> set[str]:
    """The scripts in the text that no language of the voice is written with, as keys of LANGUAGE_OF_LETTERS."""
    found = {letters for letters, _ in split_by_language(part.text) if letters}
    own = part.voice.languages
    return {letters for letters in found if not any(is_written_like(language, letters) for language in own)}


def _language_of_part(part: _Part) -> str:
    """The language in which numbers are spoken: the text's if its words show it, else the voice's."""
    letters = language_of(part.text)
    if letters != "en":
        return letters or part.voice.languages[0]
    own = next((language for language in part.voice.languages if is_written_like(language, "en")), "en")
    return latin_language_of(part.text) or own
