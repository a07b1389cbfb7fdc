"""When the engines have too much to do."""

from kouyu.engines.pressure import CALM_S, WAIT_S, Pressure
from kouyu.engines.scheduler import Load


class Watched:
    """A pressure whose load and clock are given."""

    def __init__(self) -> None:
        self.wait = 0.0
        self.now = 100.0
        self.looks = 0
        self.pressure = Pressure(self._load, clock=lambda: self.now)

    def _load(self) -> Load:
        self.looks += 1
        return Load(waiting=int(self.wait > 0), running=1, oldest_wait=self.wait)

    def after(self, seconds: float, *, wait: float = 0.0) -> bool:
        self.now += seconds
        self.wait = wait
        return self.pressure.is_high


def test_work_that_waits_for_long_is_pressure() -> None:
    watched = Watched()
    assert not watched.after(1.0)
    assert not watched.after(1.0, wait=WAIT_S / 2)
    assert watched.after(1.0, wait=WAIT_S)


def test_pressure_is_over_when_nothing_has_waited_for_a_while() -> None:
    watched = Watched()
    assert watched.after(1.0, wait=WAIT_S)
    assert watched.after(CALM_S / 2)
    assert watched.after(CALM_S / 4, wait=WAIT_S)
    assert watched.after(CALM_S - 0.1)
    assert not watched.after(0.2)


def test_a_thousand_sessions_sample_the_load_once() -> None:
    watched = Watched()
    assert [watched.after(0.0) for _ in range(1000)] == [False] * 1000
    assert watched.looks == 1
