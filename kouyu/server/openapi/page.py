"""Renders the OpenAPI document as one HTML page on the server: no scripts, nothing loaded from elsewhere."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import jinja2
from msgspec import Struct

Schema = dict[str, Any]


class Row(Struct, frozen=True):
    """A field, by its full name."""

    name: str
    kind: str
    required: bool
    description: str


class Section(Struct, frozen=True):
    """A table of fields with its title."""

    title: str
    rows: tuple[Row, ...]


class Entry(Struct, frozen=True):
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    is_open: bool
    sections: tuple[Section, ...]


def documentation_page(document: Schema) -> str:
    """The page that shows an OpenAPI document of ``openapi_document``."""
    template = (files(__package__) / "page.html.jinja").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(
        info=document["info"], groups=_groups(document), websockets=document["x-websockets"]
    )


def _groups(document: Schema) -> dict[str, list[Entry]]:
    """The operations by tag."""
    groups: dict[str, list[Entry]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            entry = Entry(
                id=operation["operationId"],
                method=method.upper(),
                path=path,
                summary=operation["summary"],
                is_open=operation.get("security") == [],
                sections=tuple(_sections(operation, document["components"]["schemas"])),
            )
            groups.setdefault(operation["tags"][0], []).append(entry)
    return dict(sorted(groups.items()))


def _sections(operation: Schema, components: Schema) -> Iterator[Section]:
    parameters = operation.get("parameters", [])
    if parameters:
        rows = [
            Row(
                each["name"],
                _kind(each["schema"], components) + _default(each["schema"]),
                each["required"],
                each.get("description", ""),
            )
            for each in parameters
        ]
        yield Section("Parameters", tuple(rows))
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield Section(f"Body, {media}", tuple(_rows(content["schema"], components)))
    for media, content in operation["responses"]["200"]["content"].items():
        rows = [row for row in _rows(content["schema"], components) if not _of_every_answer(row)]
        yield Section(f"Answer, {media}", tuple(rows))


def _of_every_answer(row: Row) -> bool:
    return row.name in ("code", "msg", "detail", "detail.logid")


def _rows(schema: Schema, components: Schema, prefix: str = "", seen: tuple[str, ...] = ()) -> Iterator[Row]:
    """The fields of a schema, each followed by its own fields; a recursive schema is not expanded again."""
    for part in schema.get("allOf", []):
        yield from _rows(part, components, prefix, seen)
    reference = schema.get("$ref", "")
    if reference in seen:
        return
    resolved = _resolved(schema, components)
    seen = (*seen, reference) if reference else seen
    for name, field in resolved.get("properties", {}).items():
        full = f"{prefix}{name}"
        inner, mark = _inside(field)
        description = field.get("description") or _resolved(inner, components).get("description", "")
        yield Row(full, _kind(field, components) + _default(field), name in resolved.get("required", []), description)
        yield from _rows(inner, components, f"{full}{mark}.", seen)


def _inside(field: Schema) -> tuple[Schema, str]:
    """The schema of a field, or of its items where it is a list."""
    for choice in field.get("anyOf", []):
        if choice.get("type") != "null":
            return _inside(choice)
    if field.get("type") == "array" and isinstance(field.get("items"), dict):
        return field["items"], "[]"
    return field, ""


def _resolved(schema: Schema, components: Schema) -> Schema:
    reference: str = schema.get("$ref", "")
    found: Schema = components[reference.rpartition("/")[2]] if reference else schema
    return found


def _kind(field: Schema, components: Schema) -> str:
    """The field's type in a few words."""
    if choices := field.get("anyOf"):
        return " or ".join(_kind(choice, components) for choice in choices if choice.get("type") != "null")
    if "enum" in field or "const" in field:
        return ", ".join(str(value) for value in field.get("enum", [field.get("const")]) if value != "")
    if field.get("type") == "array":
        items = field.get("items")
        return f"list of {_kind(items, components)}" if isinstance(items, dict) else "list"
    if "contentMediaType" in field:
        return "file"
    kind = str(_resolved(field, components).get("type", "any"))
    return f"{kind}{_range(field)}"


def _default(field: Schema) -> str:
    default = field.get("default")
    return "" if default in (None, "", [], {}) or "const" in field else f"; {default!s}".lower()


def _range(field: Schema) -> str:
    low, high = field.get("minimum", field.get("exclusiveMinimum")), field.get("maximum")
    if low is None and high is None:
        return ""
    return f", {'' if low is None else low}–{'' if high is None else high}"
