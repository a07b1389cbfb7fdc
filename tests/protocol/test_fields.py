"""Every event and field of the public document exists in our structs."""

import json
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
import pytest

from kouyu.domain.configuration import Configuration
from kouyu.protocol.coze import uplink

DOCUMENT: dict[str, list[str]] = json.loads(
    (Path(__file__).parents[2] / "docs" / "protocol" / "fields.json").read_text()
)
STRUCTS: dict[str, type[msgspec.Struct]] = {
    "chat.update": uplink.ChatUpdate,
    "input_audio_buffer.append": uplink.InputAudioBufferAppend,
    "input_audio_buffer.complete": uplink.InputAudioBufferComplete,
    "input_audio_buffer.clear": uplink.InputAudioBufferClear,
    "conversation.message.create": uplink.ConversationMessageCreate,
    "conversation.clear": uplink.ConversationClear,
    "conversation.chat.submit_tool_outputs": uplink.SubmitToolOutputs,
    "conversation.chat.cancel": uplink.ConversationChatCancel,
    "input_text.generate_audio": uplink.InputTextGenerateAudio,
}


def _members(annotation: Any) -> list[Any]:
    """The types an annotation is made of, and for a tuple those of its items."""
    if get_origin(annotation) is Annotated or get_args(annotation):
        return [member for part in get_args(annotation) for member in _members(part)]
    return [annotation]


def _paths(kind: type[msgspec.Struct], prefix: str) -> set[str]:
    paths = set()
    for name, annotation in get_type_hints(kind, include_extras=True).items():
        if name == "__struct_config__" or name not in kind.__struct_fields__:
            continue
        path = f"{prefix}{name}"
        paths.add(path)
        is_list = get_origin(annotation) is tuple
        for member in _members(annotation):
            if isinstance(member, type) and issubclass(member, msgspec.Struct):
                paths |= _paths(member, f"{path}[]." if is_list else f"{path}.")
    return paths


def test_every_documented_event_has_a_struct() -> None:
    assert set(DOCUMENT) == set(STRUCTS)


@pytest.mark.parametrize("event_type", DOCUMENT)
def test_every_documented_field_exists(event_type: str) -> None:
    kind = Configuration if event_type == "chat.update" else STRUCTS[event_type]
    ours = _paths(kind, "data.") | {"id", "event_type"}
    assert set(DOCUMENT[event_type]) <= ours


def test_the_configuration_has_no_field_that_the_document_lacks() -> None:
    assert _paths(Configuration, "data.") <= set(DOCUMENT["chat.update"])
