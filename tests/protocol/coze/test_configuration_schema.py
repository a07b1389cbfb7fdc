"""The schema agrees with what ``chat.update`` really takes."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from kouyu.domain.configuration import Configuration
from kouyu.domain.errors import InvalidField
from kouyu.protocol.coze.configuration_help import HELP
from kouyu.protocol.coze.configuration_schema import configuration_schema
from kouyu.protocol.coze.configuration_titles import TITLES
from tests.protocol.merging import merge_unchecked as merge_struct


def leaves(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field, by its path."""
    for name, field in schema["properties"].items():
        here = f"{path}.{name}".lstrip(".")
        yield here, field
        if "properties" in field and name != "extra_params":
            yield from leaves(field, here)


FIELDS = dict(leaves(configuration_schema()))


def update(path: str, value: object) -> dict[str, Any]:
    """A chat.update of this one field; what must stand beside it does."""
    for name in reversed(path.split(".")):
        value = {"period": 1, "max_frame_num": 1, name: value} if name in ("period", "max_frame_num") else {name: value}
    assert isinstance(value, dict)
    return value


def test_every_field_has_help_in_both_languages_and_no_help_is_for_nothing() -> None:
    assert {"", *FIELDS} == {*HELP}
    assert all(help.en and help.zh for help in HELP.values())


def test_every_field_has_a_name_for_people_which_is_the_only_one_of_its_kind() -> None:
    assert {*TITLES} == {*HELP}
    for path, title in TITLES.items():
        assert "_" not in title.en
        assert title.zh
        beside = [other for other in TITLES if other and other.rpartition(".")[0] == path.rpartition(".")[0]]
        assert [TITLES[other].en for other in beside].count(title.en) <= 1


def test_defaults_are_those_in_force() -> None:
    default: Any = msgspec.to_builtins(Configuration())
    for path, field in FIELDS.items():
        if "default" in field and "limit_config." not in path and "_config.emotion" not in path:
            value = default
            for name in path.split("."):
                value = value[name] if value is not None else None
            if value is not None:
                assert field["default"] == value, path


RANGED = [path for path, field in FIELDS.items() if "minimum" in field]
CHOSEN = [path for path, field in FIELDS.items() if "enum" in field]


@pytest.mark.parametrize("path", RANGED)
def test_the_ends_of_a_range_are_taken_and_what_lies_outside_is_not(path: str) -> None:
    field = FIELDS[path]
    for allowed in (field["minimum"], field["maximum"]):
        merge_struct(Configuration(), update(path, allowed))
    for refused in (field["minimum"] - 1, field["maximum"] + 1):
        with pytest.raises(InvalidField):
            merge_struct(Configuration(), update(path, refused))


@pytest.mark.parametrize("path", CHOSEN)
def test_each_choice_is_taken_and_others_are_not(path: str) -> None:
    for allowed in FIELDS[path]["enum"]:
        merge_struct(Configuration(), update(path, allowed))
    with pytest.raises(InvalidField):
        merge_struct(Configuration(), update(path, 7 if isinstance(FIELDS[path]["enum"][0], str) else "7"))


def test_conditions_name_fields_and_values_that_exist() -> None:
    for help in HELP.values():
        for path, values in help.applies.items():
            allowed = FIELDS[path].get("enum", ["true", "false"])
            assert {*values} <= {*allowed}


def test_choices_are_put_beside_what_a_field_allows() -> None:
    schema = configuration_schema({"output_audio.voice_id": [{"value": "joe", "label": "Joe"}]})
    voice = schema["properties"]["output_audio"]["properties"]["voice_id"]
    assert voice["x-kouyu"]["choices"] == [{"value": "joe", "label": "Joe"}]
    assert voice["type"] == ["string", "null"]
