"""The form of a configuration in ``chat.updated`` (downlink.md 2.4)."""

from typing import Any

import msgspec

from kouyu.domain.configuration import Configuration
from kouyu.domain.effective import effective
from kouyu.protocol.coze.recognition import recognition_in_force

_CONFIG_BLOCKS = {
    "pcm": "pcm_config",
    "g711a": "pcm_config",
    "g711u": "pcm_config",
    "opus": "opus_config",
    "mp3": "mp3_config",
}


def to_wire(asked: Configuration) -> msgspec.Raw:
    """The data of ``chat.updated``: the whole configuration in force, as a JSON object.

    Of the output blocks it has only that of the codec in use; fields without a value are left out, never null.
    """
    in_force = msgspec.structs.replace(effective(asked), asr_config=recognition_in_force(asked.asr_config))
    return as_wire(in_force)


def as_wire(configuration: msgspec.Struct) -> msgspec.Raw:
    """Encode a configuration in force, of any endpoint, as ``to_wire`` does."""
    data = _wire(configuration)
    if output := data.get("output_audio"):
        for block in set(_CONFIG_BLOCKS.values()) - {_CONFIG_BLOCKS[output["codec"]]}:
            del output[block]
    return msgspec.Raw(msgspec.json.encode(data))


def _wire(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_wire(item) for item in value]
    if not isinstance(value, msgspec.Struct):
        return value
    names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
    fields = {wire_name: getattr(value, name) for wire_name, name in names}
    return {name: _wire(field) for name, field in fields.items() if field is not None}
