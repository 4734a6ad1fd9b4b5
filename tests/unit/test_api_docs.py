"""The API's description in words: JSON schemas read out, and every call of the real description there."""

import pytest

from hypersight_api.pages.api_docs import groups, shapes
from hypersight_api.pages.schemas import example, fields, hint, words


def said(schema) -> str:
    return "".join(word.text for word in words(schema))


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "string"}, "text"),
        ({}, "any value"),
        ({"$ref": "#/components/schemas/ZoneOut"}, "ZoneOut"),
        ({"enum": ["traffic", "objects"]}, "traffic or objects"),
        ({"oneOf": [{"type": "integer"}, {"type": "null"}]}, "integer or null"),
        ({"type": ["null", "object"]}, "null or object"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/EventOut"}}, "list of EventOut"),
        ({"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}]}, "[number, number]"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "text → text"),
    ],
)
def test_a_value_is_said_in_words(schema, text):
    assert said(schema) == text


def test_a_reference_leads_to_its_shape():
    assert [
        word.shape for word in words({"type": "array", "items": {"$ref": "#/components/schemas/Me"}})
    ] == ["", "Me"]


def test_fields_of_objects_inside_others_are_told_by_their_path():
    zone = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    schema = {
        "properties": {
            "zones": {"anyOf": [{"type": "array", "items": zone}, {"type": "null"}]},
            "place": zone,
        },
        "required": ["place"],
    }
    found = [(field.path, field.is_required) for field in fields(schema)]
    assert found == [("zones", False), ("zones[].name", True), ("place", True), ("place.name", True)]


def test_limits_and_defaults_are_told():
    schema = {"type": "integer", "description": "Rows", "minimum": 1, "maximum": 8, "default": 1}
    assert hint(schema) == "Rows; 1 to 8; default: 1"
    assert hint({"type": "boolean", "default": False}) == "default: false"
    assert hint({"type": "string"}) == ""


def test_an_example_holds_what_must_not_be_left_out():
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "fps": {"type": "number", "default": 2.0},
            "points": {"type": "array", "minItems": 2, "items": {"prefixItems": [{"type": "number"}]}},
        },
        "required": ["name", "points"],
    }
    assert example(schema) == {"name": "…", "points": [[1.0], [1.0]]}


def test_every_call_of_a_description_is_there_with_its_parameters():
    document = {
        "paths": {
            "/a/{id}": {
                "get": {
                    "tags": ["things"],
                    "description": "Get a thing. It may be old.\n\nSecond paragraph.",
                    "parameters": [
                        {"name": "at", "in": "query", "schema": {"type": "boolean"}},
                        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
                    ],
                    "responses": {
                        "404": {},
                        "default": {"description": "Why not"},
                        "200": {"content": {"image/jpeg": {"schema": {"type": "string"}}}},
                    },
                },
                "delete": {"tags": ["things"], "responses": {"204": {}}},
            },
            "/b": {
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
                    "responses": {"201": {}},
                }
            },
        },
        "components": {"schemas": {"Role": {"enum": ["admin"], "description": "What one may."}}},
    }
    things, other = groups(document)
    get, delete = things.operations
    assert (get.anchor, get.method, get.gist, get.more) == (
        "get-a-id",
        "GET",
        "Get a thing",
        ("It may be old.", "Second paragraph."),
    )
    assert [(one.name, one.choices) for one in get.parameters] == [("id", ()), ("at", ("true", "false"))]
    assert [(one.status, one.phrase, one.media_type) for one in get.answers] == [
        ("200", "OK", "image/jpeg"),
        ("404", "Not Found", ""),
        ("else", "Why not", ""),
    ]
    assert (delete.method, delete.body) == ("DELETE", None)
    assert other.name == "other"
    assert other.operations[0].body is not None
    assert [shape.name for shape in shapes(document)] == ["Role"]
