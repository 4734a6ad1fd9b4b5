"""The API's description as a page: what can be asked, what comes back, and a form to try each call."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from hypersight_api.pages.schemas import Field, Schema, Word, fields, hint, words
from hypersight_api.pages.schemas import example as example_of

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A part of an address that the caller chooses."""

    name: str
    place: str
    """`path` or `query`."""
    words: tuple[Word, ...]
    hint: str
    is_required: bool
    choices: tuple[str, ...]
    """All values it may have, where these are few."""


@dataclass(frozen=True, slots=True)
class RequestBody:
    """The JSON a call sends."""

    fields: tuple[Field, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What may come back."""

    status: str
    """Its number, or `else`."""
    phrase: str
    media_type: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One call."""

    anchor: str
    method: str
    path: str
    gist: str
    """First sentence of its description."""
    more: tuple[str, ...]
    """The other paragraphs."""
    parameters: tuple[Parameter, ...]
    body: RequestBody | None
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Calls about the same thing."""

    name: str
    anchor: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """An object or a list of words that answers are made of."""

    name: str
    description: str
    words: tuple[Word, ...]
    fields: tuple[Field, ...]


def groups(document: Mapping[str, Any]) -> tuple[Group, ...]:
    """Return all calls of an OpenAPI 3.1 document, by their first tag, in the document's order."""
    by_tag: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                tag = next(iter(item[method].get("tags") or ()), "other")
                by_tag.setdefault(tag, []).append(_operation(method, path, item[method]))
    return tuple(Group(tag, _anchor(tag), tuple(found)) for tag, found in by_tag.items())


def shapes(document: Mapping[str, Any]) -> tuple[Shape, ...]:
    """Return what answers are made of, by name."""
    schemas: Mapping[str, Schema] = document.get("components", {}).get("schemas", {})
    return tuple(
        Shape(name, str(schema.get("description", "")), words(schema), fields(schema))
        for name, schema in sorted(schemas.items())
    )


def _operation(method: str, path: str, told: Mapping[str, Any]) -> Operation:
    paragraphs = str(told.get("description", "")).split("\n\n")
    first, _, rest = paragraphs[0].partition(". ")
    parameters = [_parameter(one) for one in told.get("parameters", ())]
    return Operation(
        anchor=_anchor(f"{method} {path}"),
        method=method.upper(),
        path=path,
        gist=first.rstrip("."),
        more=tuple(one for one in (rest, *paragraphs[1:]) if one),
        parameters=tuple(sorted(parameters, key=lambda one: (one.place != "path", not one.is_required))),
        body=_body(told.get("requestBody")),
        answers=tuple(_answers(told["responses"])),
    )


def _parameter(told: Mapping[str, Any]) -> Parameter:
    schema = told.get("schema", {})
    is_flag = schema.get("type") == "boolean"
    return Parameter(
        name=told["name"],
        place=told["in"],
        words=words(schema),
        hint=hint({"description": told["description"], **schema} if "description" in told else schema),
        is_required=bool(told.get("required")),
        choices=("true", "false") if is_flag else tuple(map(str, schema.get("enum", ()))),
    )


def _body(told: Mapping[str, Any] | None) -> RequestBody | None:
    if told is None:
        return None
    schema = told["content"]["application/json"]["schema"]
    return RequestBody(fields(schema), json.dumps(example_of(schema), indent=2, ensure_ascii=False))


def _answers(responses: Mapping[str, Any]) -> Sequence[Answer]:
    found = []
    for status, told in sorted(responses.items()):
        content = told.get("content") or {"": {}}
        for media_type, one in content.items():
            answer = words(one["schema"]) if "schema" in one else ()
            found.append(Answer(*_outcome(status, told), media_type, answer))
    return found


def _outcome(status: str, told: Mapping[str, Any]) -> tuple[str, str]:
    if status == "default":
        return "else", str(told["description"])
    return status, HTTPStatus(int(status)).phrase


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
