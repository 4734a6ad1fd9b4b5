"""JSON schemas in words: what a value may be, which fields an object has, and what one looks like.

Schemas are those of JSON Schema 2020-12, as far as our own description of the API uses it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

Schema = Mapping[str, Any]

SHAPES = "#/components/schemas/"
EXAMPLES: dict[str, object] = {
    "string": "…",
    "integer": 1,
    "number": 1.0,
    "boolean": True,
    "array": [],
    "null": None,
}


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of text, which may lead to the shape of that name."""

    text: str
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object; `path` is `zones[].name` for one inside another."""

    path: str
    words: tuple[Word, ...]
    hint: str
    is_required: bool


def words(schema: Schema) -> tuple[Word, ...]:
    """Say what a value may be: `list of ZoneOut`, `text or nothing`."""
    return tuple(_words(schema))


def _words(schema: Schema) -> Iterator[Word]:
    choices = _choices(schema)
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix(SHAPES)
        yield Word(name, name)
    elif "enum" in schema:
        yield Word(" or ".join(str(one) for one in schema["enum"]))
    elif choices:
        yield from _joined(choices, " or ")
    elif isinstance(schema.get("type"), list):
        yield from _joined([{**schema, "type": one} for one in schema["type"]], " or ")
    elif "prefixItems" in schema:
        yield Word("[")
        yield from _joined(schema["prefixItems"], ", ")
        yield Word("]")
    elif schema.get("type") == "array":
        yield Word("list of ")
        yield from _words(schema.get("items") or {})
    elif schema.get("type") == "object" and schema.get("additionalProperties"):
        yield Word("text → ")
        yield from _words(schema["additionalProperties"])
    else:
        kind = str(schema.get("type", "any value"))
        yield Word("text" if kind == "string" else kind)


def _joined(schemas: Sequence[Schema], between: str) -> Iterator[Word]:
    for index, one in enumerate(schemas):
        if index:
            yield Word(between)
        yield from _words(one)


def _choices(schema: Schema) -> Sequence[Schema]:
    return schema.get("anyOf") or schema.get("oneOf") or ()


def fields(schema: Schema, above: str = "") -> tuple[Field, ...]:
    """Return the fields of an object, those of objects written inside it after each."""
    required = schema.get("required", ())
    found: list[Field] = []
    for name, one in schema.get("properties", {}).items():
        path = f"{above}{name}"
        found.append(Field(path, words(one), hint(one), name in required))
        found.extend(_inside(one, path))
    return tuple(found)


def _inside(schema: Schema, path: str) -> tuple[Field, ...]:
    items = schema.get("items") or {}
    return (
        *chain.from_iterable(_inside(one, path) for one in _choices(schema)),
        *(fields(items, f"{path}[].") if items else fields(schema, f"{path}.")),
    )


def hint(schema: Schema) -> str:
    """Say what a value means, and its limits."""
    parts = [str(schema["description"])] if "description" in schema else []
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        parts.append(f"{least} to {most}")
    elif least is not None:
        parts.append(f"{least} at least")
    if "maxLength" in schema:
        parts.append(f"{schema['maxLength']} characters at most")
    default = schema.get("default")
    if default not in (None, {}, []):
        parts.append(f"default: {default if isinstance(default, str) else str(default).lower()}")
    return "; ".join(parts)


def example(schema: Schema) -> object:
    """Return a value of the kind wanted; of an object, the fields it cannot do without."""
    if "default" in schema:
        return schema["default"]
    if "enum" in schema:
        return schema["enum"][0]
    if choices := _choices(schema):
        return example(choices[0])
    if "properties" in schema:
        wanted = schema.get("required") or list(schema["properties"])[:1]
        return {name: example(schema["properties"][name]) for name in wanted}
    if "prefixItems" in schema:
        return [example(one) for one in schema["prefixItems"]]
    if schema.get("type") == "array" and schema.get("minItems"):
        return [example(schema["items"])] * schema["minItems"]
    return EXAMPLES.get(str(schema.get("type", "")), {})
