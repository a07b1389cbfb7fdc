import pytest

from kouyu.engines.tts.directions import Directions, directions_in


@pytest.mark.parametrize("told", ["语速快一点", "说快点", "非常快", "speak faster", "Speed up, please.", "quickly"])
def test_faster(told: str) -> None:
    assert directions_in(told).speed > 1.1
    assert directions_in(told) == Directions(speed=directions_in(told).speed)


@pytest.mark.parametrize("told", ["慢一点", "语速放慢", "speak slowly", "slow down a bit", "不要太快", "not too fast"])
def test_slower(told: str) -> None:
    assert directions_in(told).speed < 0.95
    assert not directions_in(told).rest


@pytest.mark.parametrize(
    "told", ["低沉", "低沉沙哑的声音", "deep voice", "in a lower voice", "low-pitched", "磁性的声音"]
)
def test_lower(told: str) -> None:
    assert directions_in(told).semitones <= -2
    assert not directions_in(told).rest


@pytest.mark.parametrize("told", ["音调高一点", "尖声说话", "in a high voice", "童声", "squeaky"])
def test_higher(told: str) -> None:
    assert directions_in(told).semitones > 1
    assert not directions_in(told).rest


@pytest.mark.parametrize("told", ["大声点", "声音大一点", "speak louder", "shout", "请大声说话", "响亮"])
def test_louder(told: str) -> None:
    assert directions_in(told).decibels >= 3


@pytest.mark.parametrize("told", ["小声点", "声音小一点", "whisper", "耳语", "quietly", "不要太大声"])
def test_softer(told: str) -> None:
    assert directions_in(told).decibels <= -2


def test_moods_are_spoken_by_what_they_are_made_of() -> None:
    assert directions_in("用开心的语气").semitones > 0 > directions_in("sadly").semitones
    assert directions_in("like a tired grandfather").speed < 0.85


@pytest.mark.parametrize(
    "told", ["请用四川话说", "像新闻主播", "as if you had just won the lottery", "slowly, in French"]
)
def test_what_cannot_be_followed_is_known(told: str) -> None:
    assert directions_in(told).rest


def test_without_words_nothing_changes() -> None:
    assert directions_in("") == Directions()


def test_however_much_is_asked_for_it_stays_in_bounds() -> None:
    most = directions_in("大声，" * 300)
    assert (most.decibels, most.rest) == (6.0, False)
    assert directions_in("very deep, " * 100).semitones == -5.0
