"""The settings form holds every field of the protocol, and what is chosen there comes into force."""

import pytest

from tests.console.page import Page

pytestmark = pytest.mark.sdk


def test_every_field_has_its_default_and_a_help_text(page: Page) -> None:
    seen = page.does("settings", "fields")
    fields = seen["fields"]
    values = {field["name"]: field["value"] for field in fields}
    assert len(fields) > 50
    assert values["silence_duration_ms"] == "500"
    assert values["bitrate"] == "48000"
    assert not [field["name"] for field in fields if not field["help"]]
    titles = {field["name"]: field["title"] for field in fields}
    assert titles["silence_duration_ms"] == "Silence that ends a turn"
    assert not [title for title in titles.values() if "_" in title]
    assert seen["groups"][:3] == ["Taking turns", "The agent's voice and audio", "Speech recognition"]


def test_the_help_texts_speak_chinese(page: Page) -> None:
    fields = page.does("settings", "fields", locale="zh-CN")["fields"]
    assert all(any("\u4e00" <= char <= "\u9fff" for char in field["help"]) for field in fields)
    assert all(any("\u4e00" <= char <= "\u9fff" for char in field["title"]) for field in fields)


def test_a_change_comes_into_force_at_once_and_what_needs_a_new_connection_keeps_the_conversation(page: Page) -> None:
    seen = page.does("settings", "change", bot="echo")
    first, changed, taken_back, anew = seen["updates"]
    assert first["turn_detection"]["silence_duration_ms"] == 500
    assert changed["turn_detection"]["silence_duration_ms"] == 900
    assert changed["asr_config"]["hot_words"] == ["kouyu", "Coze"]
    assert not taken_back["asr_config"]["hot_words"]
    assert anew["turn_detection"]["type"] == "server_vad"
    assert anew["turn_detection"]["silence_duration_ms"] == 900
    assert len(set(seen["conversations"])) == 1


def test_a_conversation_in_opus(page: Page) -> None:
    seen = page.does("settings", "opus", bot="echo")
    assert "capital of france" in seen["question"].lower()
    assert seen["updates"][0]["input_audio"]["codec"] == "opus"
    assert seen["updates"][0]["output_audio"]["codec"] == "opus"
