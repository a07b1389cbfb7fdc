"""Holds back what the client sees of a reply: all of it until the turn is certain, messages about tools until the text
is complete."""

from collections.abc import Callable, Iterable, Iterator

from kouyu.conversation.effects import Effect, Send

EffectsAt = Callable[[float], Iterable[Effect]]
"""Makes client-visible effects when they are released, so that they carry the time of the release."""


class HeldEffects:
    """The effects of one reply that are not released yet, in their order."""

    def __init__(self) -> None:
        self._held: list[EffectsAt] = []
        self._is_certain = False
        self._after_text: list[Send] = []
        """Messages about tools that ran in the middle of the answer, sent after its last piece."""

    def show(self, effects: EffectsAt, now: float) -> Iterator[Effect]:
        """Release effects, or hold them until ``release``."""
        if self._is_certain:
            yield from effects(now)
        else:
            self._held.append(effects)

    def show_tools(self, effects: EffectsAt, now: float, *, text_has_begun: bool) -> Iterator[Effect]:
        """Save messages about tools at once, but send them before the answer's first piece or after its last: a message
        between two pieces splits the answer on JS clients' screens (downlink.md 6.3)."""

        def shown(then: float) -> Iterator[Effect]:
            for effect in effects(then):
                if text_has_begun and isinstance(effect, Send):
                    self._after_text.append(effect)
                else:
                    yield effect

        yield from self.show(shown, now)

    def release(self, now: float) -> Iterator[Effect]:
        """Release all effects that are held: the turn is certain."""
        self._is_certain = True
        held, self._held = self._held, []
        for effects in held:
            yield from effects(now)

    def discard(self) -> None:
        """Discard the effects that are held."""
        self._held.clear()

    def end_text(self) -> Iterator[Effect]:
        """Send the messages about tools that waited for the end of the text."""
        yield from self._after_text
        self._after_text = []
