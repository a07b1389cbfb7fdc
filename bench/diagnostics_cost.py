"""Measures the CPU cost of diagnostics: conversations in virtual time, without and with an observer.

    python -m bench.diagnostics_cost

Needs no models. The conversations are those of the tests: the user speaks for 2 s and listens for 3 s, over and over.
"""

import time
from collections.abc import Callable

from kouyu.diagnostics.watcher import told
from tests.conversation.simulation import Simulation
from tests.diagnostics.observed import Observed

TURNS = 20
SECONDS = TURNS * 5
TRIES = 5


def main() -> None:
    """Print the figures."""
    alone = min(seconds(lambda: play(Simulation())) for _ in range(TRIES))
    watched = min(seconds(lambda: play(Observed())) for _ in range(TRIES))
    talk = Observed()
    play(talk)
    messages = [told("2026112300000000000000000000", fact) for fact in talk.facts]
    size = sum(len(message) for message in messages)
    print(f"the conversation core, per second of talk: {alone / SECONDS * 1000:.2f} ms")
    print(f"with an observer, which only watched sessions have: {watched / SECONDS * 1000:.2f} ms")
    print(f"facts: {len(messages) / SECONDS:.0f} a second, {size / SECONDS / 1024:.1f} KiB a second")


def play(talk: Simulation) -> None:
    """The conversation."""
    talk.free_talk()
    for _ in range(TURNS):
        talk.speak(2000)
        talk.silence(3000)


def seconds(work: Callable[[], None]) -> float:
    """Return the CPU time of the work."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
