import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kouyu.agents.agent import ContextMessage
from kouyu.agents.context import chat_messages, latest_rounds, with_result, within_budget
from kouyu.agents.token_estimate import MESSAGE_OVERHEAD, estimate_tokens
from kouyu.domain.messages import ContentType, Role
from kouyu.domain.tool_calls import Function, ToolCall
from kouyu.domain.tool_round import ToolRound


def message(content: str, role: Role = "user", content_type: ContentType = "text") -> ContextMessage:
    return ContextMessage(role=role, content=content, content_type=content_type)


def talk(turns: int) -> list[ContextMessage]:
    """Turns of about 20 tokens each, ended by a question."""
    said = [message(f"turn {n} " + "x" * 20, role) for n in range(turns) for role in ("user", "assistant")]
    return [*said, message("the question")]


def cost(messages: list[ContextMessage]) -> int:
    return sum(MESSAGE_OVERHEAD + estimate_tokens(each.content) for each in messages)


def test_all_is_shown_while_it_fits() -> None:
    assert within_budget(talk(3), 1000) == talk(3)


@given(st.integers(0, 60), st.integers(20, 400))
def test_what_is_shown_fits_begins_with_the_user_and_ends_with_the_question(turns: int, budget: int) -> None:
    shown = list(within_budget(talk(turns), budget))
    assert shown[-1].content == "the question"
    assert shown[0].role == "user"
    assert cost(shown) <= budget
    assert shown == talk(turns)[len(talk(turns)) - len(shown) :]


def test_the_first_message_shown_stays_for_many_turns() -> None:
    first = [within_budget(talk(turns), 400)[0].content for turns in range(100)]
    assert 5 < len(set(first)) < 20


def test_a_question_longer_than_the_budget_is_shown_alone() -> None:
    long = message("x" * 10_000)
    assert list(within_budget([*talk(4), long], 100)) == [long]


def test_messages_of_one_role_in_a_row_become_one() -> None:
    shown = chat_messages([message("Wait."), message("What?"), message("Yes", "assistant")])
    assert shown == [{"role": "user", "content": "Wait.\nWhat?"}, {"role": "assistant", "content": "Yes"}]


def test_a_chat_that_the_assistant_begins_is_shown_with_a_users_message_before() -> None:
    greeting = ContextMessage(role="assistant", content="Good morning.")
    chat = chat_messages([greeting, ContextMessage(role="user", content="hello")])
    assert [(message["role"], message["content"]) for message in chat] == [
        ("user", "…"),
        ("assistant", "Good morning."),
        ("user", "hello"),
    ]


def test_pictures_with_an_address_are_shown() -> None:
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image", "file_url": "http://a/b.png"}]
    (shown,) = chat_messages([message("Look."), message(json.dumps(parts), content_type="object_string")])
    assert shown["content"] == [
        {"type": "text", "text": "Look."},
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": "http://a/b.png"}},
    ]


def test_parts_that_are_all_text_are_text() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    (shown,) = chat_messages([message(json.dumps(parts), content_type="object_string")])
    assert shown["content"] == "one\ntwo"


def test_recordings_and_empty_messages_are_left_out() -> None:
    assert chat_messages([message("AAAA", content_type="audio"), message(""), message("Hi")]) == [
        {"role": "user", "content": "Hi"}
    ]


def test_tokens_are_counted_by_script() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("你好，世界") == 5
    assert 8 <= estimate_tokens("The quick brown fox jumps over the lazy dog.") <= 14


def test_only_the_latest_rounds_are_shown_where_their_number_is_set() -> None:
    said = talk(3)
    assert [list(latest_rounds(said, rounds)) for rounds in (None, 9, 1, 0)] == [said, said, said[-3:], said[-1:]]


def test_arguments_that_cannot_be_read_become_an_object() -> None:
    written = "[" * 5000
    call = ToolCall(id="call_1", function=Function("lookup", written))
    asked = ContextMessage(role="assistant", content="", tool_round=ToolRound(calls=(call,), outputs=()))
    shown = chat_messages([asked])[0]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(shown) == {"arguments": written}


def test_a_question_that_asks_for_a_calculation_gets_its_result_in_its_language() -> None:
    asked = "What is six times seven?"
    assert with_result(message(asked)).content == f"{asked}\n[Instructions: the answer is 42]"
    assert with_result(message("十除以三等于多少？")).content == "十除以三等于多少？\n（答案：约3.3333）"


@pytest.mark.parametrize(
    "other",
    [
        message("What is the capital of Italy?"),
        message("What is six times seven?", "assistant"),
        message('[{"type": "text", "text": "6 + 7 = ?"}]', content_type="object_string"),
    ],
)
def test_other_messages_stay_as_they_are(other: ContextMessage) -> None:
    assert with_result(other) is other
