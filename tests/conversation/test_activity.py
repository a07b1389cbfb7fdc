"""What a conversation is doing, in one word."""

from tests.conversation.simulation import Simulation


def test_a_spoken_turn_goes_through_every_activity() -> None:
    talk = Simulation()
    talk.free_talk()
    seen = [talk.conversation.activity(talk.now)]

    def look() -> None:
        if (now := talk.conversation.activity(talk.now)) != seen[-1]:
            seen.append(now)

    talk.speak(1000)
    look()
    for _ in range(400):
        talk.silence(64)
        look()
    assert [each for place, each in enumerate(seen) if each not in seen[:place]] == [
        "idle",
        "user_speaks",
        "answering",
        "playing",
    ]
    assert seen[-1] == "idle"
