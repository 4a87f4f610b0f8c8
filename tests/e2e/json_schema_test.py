#!/usr/bin/env python3
"""Each keyword that json_schema.py knows lets the right value through and stops a wrong one."""
import unittest

import json_schema

DOCUMENT = {"components": {"schemas": {"Id": {"type": "string", "pattern": "^id_[0-9]$"}}}}
ID = {"$ref": "#/components/schemas/Id"}

# schema, values that fit, values that do not
ROWS = [
    ({"type": "string"}, ["", "x"], [1, None, [], {}]),
    ({"type": "integer"}, [0, -1], ["1", 1.5, True, None]),
    ({"type": "boolean"}, [True, False], [0, 1, "true", None]),
    ({"type": ["array", "null"]}, [[], None], [{}, ""]),
    ({"type": "object"}, [{}], [[], None]),
    ({"enum": ["a", None]}, ["a", None], ["b", 0]),
    ({"const": False}, [False], [True, 0, None]),
    ({"pattern": "^a+$"}, ["aa", 1], ["", "ab"]),
    ({"format": "date-time"}, ["2026-03-30T12:00:00.5Z", "2026-03-30T12:00:00+02:00"],
     ["2026-03-30", "2026-03-30T12:00:00", "x"]),
    ({"minLength": 1}, ["x"], [""]),
    ({"maxLength": 2}, ["ab", "🔑🔑"], ["abc"]),
    ({"minimum": 1}, [1], [0]),
    ({"maximum": 1}, [1], [2]),
    ({"minItems": 1}, [[1]], [[]]),
    ({"maxItems": 1}, [[1]], [[1, 2]]),
    ({"items": {"type": "string"}}, [[], ["x"]], [["x", 1]]),
    ({"properties": {"a": {"type": "string"}}}, [{"a": "x"}, {"b": 1}, {}], [{"a": 1}]),
    ({"properties": {"a": {}}, "additionalProperties": False}, [{"a": 1}, {}], [{"b": 1}]),
    ({"additionalProperties": {"type": "string"}}, [{"a": "x"}], [{"a": 1}]),
    ({"required": ["a"]}, [{"a": None}], [{}, {"b": 1}]),
    ({"dependentRequired": {"a": ["b"]}}, [{"b": 1}, {"a": 1, "b": 2}, {}], [{"a": 1}]),
    ({"propertyNames": {"maxLength": 1}}, [{"a": 1}], [{"ab": 1}]),
    ({"maxProperties": 1}, [{"a": 1}], [{"a": 1, "b": 2}]),
    ({"anyOf": [{"type": "null"}, ID]}, [None, "id_1"], ["x", 1]),
    ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, [{"a": 1}], [{}, {"a": 1, "b": 1}]),
    (ID, ["id_7"], ["id_", "ID_7", 7]),
]


class JsonSchema(unittest.TestCase):
    def test_each_keyword(self):
        schemas = json_schema.Schemas(DOCUMENT)
        for schema, good, bad in ROWS:
            for value in good:
                self.assertEqual(list(schemas.faults(schema, value)), [], schema)
            for value in bad:
                self.assertNotEqual(list(schemas.faults(schema, value)), [], (schema, value))

    def test_a_keyword_it_does_not_know_is_an_error(self):
        with self.assertRaises(AssertionError):
            list(json_schema.Schemas({}).faults({"uniqueItems": True}, []))

    def test_a_fault_says_where(self):
        schema = {"properties": {"a": {"items": {"type": "string"}}}}
        faults = list(json_schema.Schemas({}).faults(schema, {"a": ["x", 1]}))
        self.assertEqual(faults, ["$.a[1]: 1 is not of type string"])


if __name__ == "__main__":
    unittest.main()
