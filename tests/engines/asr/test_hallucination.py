import pytest

from kouyu.engines.asr.hallucination import is_noise, loops, without_loops


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("turn turn turn Turn turn turn.", "turn"),
        ("Turn left Turn left", "Turn left"),
        ("谢谢谢谢", "谢"),
        ("今天天气不错今天天气不错", "今天天气不错"),
        ("你不想要我你不敢你不不想", "你不想要我你不敢"),
        (
            "What is the weather like in Beijing today? What is weather like in Beijing today today?",
            "What is the weather like in Beijing today?",
        ),
        (
            "The meeting was moved from Tuesday to Thursday because the room was not free. The meeting moved from "
            "two-stay to Thursday, because the rooms",
            "The meeting was moved from Tuesday to Thursday because the room was not free.",
        ),
        ("Good. Please turn off the lights. Please turn off the light", "Good. Please turn off the lights."),
    ],
)
def test_what_is_said_twice_at_once_is_a_loop_and_is_cut(text: str, rest: str) -> None:
    assert loops(text)
    assert without_loops(text) == rest


@pytest.mark.parametrize(
    "text",
    [
        "Call five, five, five, one, two, three, four.",
        "",
        "Yes.",
        "Stop. Stop.",
        "My favorite color is green, but I also like blue.",
        "I would like to book a table, and I would love to have one at the window.",
        "是啊，好天气总能让人心情也跟着变好呢！",
        "你有没有打算趁着这好天气出门走走？",
    ],
)
def test_ordinary_speech_is_left_alone(text: str) -> None:
    assert not loops(text)
    assert without_loops(text) == text


@pytest.mark.parametrize(("score", "no_speech"), [(-1.28, 0.92), (-1.24, 0.59), (-2.03, 0.89), (-3.0, 0.1)])
def test_an_unlikely_answer_where_nobody_seems_to_speak_is_noise(score: float, no_speech: float) -> None:
    assert is_noise(score, no_speech)


@pytest.mark.parametrize(("score", "no_speech"), [(-0.2, 0.01), (-1.1, 0.37), (-0.3, 0.9), (-1.8, 0.2), (-0.93, 0.96)])
def test_a_likely_answer_or_a_clear_voice_is_speech(score: float, no_speech: float) -> None:
    assert not is_noise(score, no_speech)
