"""Reading request bodies strictly: no value of another type is converted, under any content type."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, RequestBody

from hypersight_core.domain.groups import LONGEST_GROUP
from hypersight_core.errors import InvalidInput

PLAIN_TEXT = r"^[^\x00-\x1f\x7f]*$"
"""Text without control characters; a database cannot even store the first of them."""
NO_COMMA = r"^[^\x00-\x1f\x7f,]*$"
Name = Annotated[str, msgspec.Meta(max_length=200, pattern=PLAIN_TEXT)]
IN_WORDS = {PLAIN_TEXT: "without control characters", NO_COMMA: "without commas and control characters"}
GroupName = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_GROUP, pattern=NO_COMMA)]

FIELD = re.compile(r"at `\$\.(\w+)")

Body = TypeVar("Body", bound=msgspec.Struct)


def understood(body: bytes, kind: type[Body]) -> Body:
    """Read a body.

    Raises:
        InvalidInput: it is not JSON, or something in it is missing, unknown or of another type.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        field = FIELD.search(str(error))
        raise InvalidInput(
            f"the request cannot be understood: {_said(error)}", field=field[1] if field else ""
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("the request is no JSON") from error


def _said(error: msgspec.ValidationError) -> str:
    said = str(error)
    for pattern, words in IN_WORDS.items():
        said = said.replace(f"matching regex {pattern!r}", words)
    return said


def described(kind: type[msgspec.Struct] | None, answer: type | None = None) -> type[Operation]:
    """Return what puts bodies that the framework does not see into the API's description.

    Args:
        kind: what `understood` reads; None: no body.
        answer: what a handler that returns bytes writes as JSON.
    """

    @dataclass
    class WithBody(Operation):
        def __post_init__(self) -> None:
            if kind is not None:
                self.request_body = RequestBody(content=_content(kind), required=True)
            if answer is not None and self.responses is not None:
                self.responses["200"] = OpenAPIResponse(description="OK", content=_content(answer))

    return WithBody


def _content(kind: type) -> dict[str, OpenAPIMediaType]:
    (found,), components = msgspec.json.schema_components([kind], ref_template="{name}")
    schema: Any = _whole(found, components)
    return {"application/json": OpenAPIMediaType(schema=schema)}


def _whole(schema: Any, components: dict[str, Any]) -> Any:
    """Return a schema with its references replaced by what they refer to."""
    if isinstance(schema, list):
        return [_whole(one, components) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _whole(components[schema["$ref"]], components)
    return {name: _whole(value, components) for name, value in schema.items()}
