"""The OpenAPI 3.1 document, made from the routes and the msgspec structs of their requests and answers."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any, Final

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.routes import ASGIRoute, HTTPRoute, WebSocketRoute
from msgspec import Struct

from kouyu.server.openapi.operation import OPTION, Answer, Operation

Route = HTTPRoute | WebSocketRoute | ASGIRoute
Schema = dict[str, Any]

_REFERENCE: Final = "#/components/schemas/{name}"
_LOG_ID: Final = {"X-Tt-Logid": {"description": "Id of the request in the server's log.", "schema": {"type": "string"}}}
_MEDIA: Final[dict[Answer, tuple[str, Schema]]] = {
    "audio": ("audio/*", {"type": "string", "format": "binary"}),
    "archive": ("application/zip", {"type": "string", "format": "binary"}),
    "events": ("text/event-stream", {"type": "string"}),
    "picture": ("image/*", {"type": "string", "format": "binary"}),
    "page": ("text/html", {"type": "string"}),
    "metrics": ("text/plain", {"type": "string"}),
    "text": ("text/plain", {"type": "string"}),
}
_ABOUT: Final = """\
REST as the Coze SDKs use it. Every answer in JSON is wrapped: `code` is 0, or `msg` says what is wrong and the HTTP
status is 400 or above. In requests null stands for a field that is left out."""


UNDESCRIBED: Final = "Not described"
"""The summary of a route without a description."""


class Detail(Struct, frozen=True):
    """Part of every answer."""

    logid: str


class Error(Struct, frozen=True):
    """The error. The HTTP status is 400 or above."""

    code: int
    msg: str
    detail: Detail


class Found(Struct, frozen=True):
    """One operation with its path and method."""

    path: str
    method: str
    handler: HTTPRouteHandler
    operation: Operation | None

    @property
    def id(self) -> str:
        """Unique in the document."""
        words = self.path.replace("{", "").replace("}", "").strip("/").replace("/", "_") or "root"
        return f"{self.method.lower()}_{words}"


def operations(routes: Sequence[Route]) -> Iterator[Found]:
    """All HTTP operations, by path; undescribed ones too, unless their ``include_in_schema`` is False."""
    for route in sorted(routes, key=lambda route: route.path):
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            if not handler.resolve_include_in_schema():
                continue
            for method in sorted(handler.http_methods - {"OPTIONS"}):
                yield Found(_path(route), method, handler, handler.opt.get(OPTION))


def openapi_document(routes: Sequence[Route]) -> Schema:
    """The document as plain JSON data. WebSockets, which OpenAPI does not cover, are in ``x-websockets``."""
    found = list(operations(routes))
    shapes, components = _schemas([each.operation for each in found if each.operation])
    paths: dict[str, Schema] = {}
    for each in found:
        says = each.operation or _by_docstring(each.handler)
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, says, shapes)
    return {
        "openapi": "3.1.0",
        "info": {"title": "kouyu", "version": version("kouyu"), "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                "Error": {
                    "description": "What is wrong.",
                    "headers": _LOG_ID,
                    "content": {"application/json": {"schema": shapes[Error]}},
                }
            },
        },
        "x-websockets": sorted(route.path for route in routes if isinstance(route, WebSocketRoute)),
    }


def _by_docstring(handler: HTTPRouteHandler) -> Operation:
    """Describe a handler without ``described`` by its docstring."""
    first_line = (handler.fn.__doc__ or "").strip().partition("\n")[0].rstrip(".")
    return Operation(summary=first_line or UNDESCRIBED, tag="Server")


def _path(route: HTTPRoute) -> str:
    """The route's path without the types of its parameters."""
    parts = (part if isinstance(part, str) else f"{{{part.name}}}" for part in route.path_components)
    return "/" + "/".join(parts)


def _schemas(said: Sequence[Operation]) -> tuple[dict[Any, Schema], dict[str, Schema]]:
    """The schema of each shape, and the components that they refer to."""
    shapes = [
        shape
        for each in said
        for shape in (each.query, each.body, each.form, each.data, each.beside, each.error)
        if shape
    ]
    unique = list(dict.fromkeys([Error, *shapes]))
    schemas, components = msgspec.json.schema_components(unique, ref_template=_REFERENCE)
    for component in components.values():
        _show_files(component)
    return dict(zip(unique, schemas, strict=True)), dict(sorted(components.items()))


def _show_files(schema: Any) -> None:
    """Mark bytes as binary files: they occur in forms alone, never as base64 in JSON."""
    if isinstance(schema, dict):
        if schema.pop("contentEncoding", None) == "base64":
            schema["contentMediaType"] = "application/octet-stream"
        for inner in schema.values():
            _show_files(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _show_files(inner)


def _operation(found: Found, says: Operation, shapes: dict[Any, Schema]) -> Schema:
    operation: Schema = {"operationId": found.id, "summary": says.summary, "tags": [says.tag]}
    if parameters := [*_path_parameters(found.path), *_query_parameters(says.query)]:
        operation["parameters"] = parameters
    if says.body or says.form:
        media = "application/json" if says.body else "multipart/form-data"
        content = {media: {"schema": shapes[says.body or says.form]}}
        operation["requestBody"] = {"required": True, "content": content}
    operation["responses"] = {"200": _success(says, shapes), "default": _fault(says, shapes)}
    if says.open:
        operation["security"] = []
    return operation


def _path_parameters(path: str) -> list[Schema]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(shape: Any) -> list[Schema]:
    """One parameter for each field of the query. Fields are plain types, so no ``$ref`` is needed."""
    if shape is None:
        return []
    (reference,), components = msgspec.json.schema_components([shape], ref_template=_REFERENCE)
    schema = components[reference["$ref"].rpartition("/")[2]]
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": {key: value for key, value in field.items() if key != "description"},
        }
        | ({"description": field["description"]} if "description" in field else {})
        for name, field in schema["properties"].items()
    ]


def _fault(says: Operation, shapes: dict[Any, Schema]) -> Schema:
    if says.error is None:
        return {"$ref": "#/components/responses/Error"}
    content = {"application/json": {"schema": shapes[says.error]}}
    return {"description": "What is wrong.", "headers": _LOG_ID, "content": content}


def _success(says: Operation, shapes: dict[Any, Schema]) -> Schema:
    response: Schema = {"description": says.summary, "headers": _LOG_ID}
    if says.answer != "json":
        media, schema = _MEDIA[says.answer]
        return response | {"content": {media: {"schema": schema}}}
    data = shapes[says.data] if says.data else {"type": "object"}
    return response | {"content": {"application/json": {"schema": _wrapped(says, data, shapes)}}}


def _wrapped(says: Operation, data: Schema, shapes: dict[Any, Schema]) -> Schema:
    if not says.wrapped:
        return data
    properties = {
        "code": {"const": 0},
        "msg": {"type": "string"},
        "data": data,
        "detail": {"$ref": _REFERENCE.format(name="Detail")},
    }
    wrapper: Schema = {"type": "object", "required": list(properties), "properties": properties}
    return {"allOf": [wrapper, shapes[says.beside]]} if says.beside else wrapper
