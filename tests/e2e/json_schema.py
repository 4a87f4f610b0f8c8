"""As much of JSON Schema 2020-12 as http/openapi.json uses. Standard library only.

A keyword that is not known here is an error, so that nothing in the document goes unchecked.
"""
import re

_TYPES = {
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
    "null": lambda v: v is None,
}
_NOTES = {"description", "default", "examples", "contentEncoding"}  # say nothing about validity
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Schemas:
    """Checks values against the schemas of one document."""

    def __init__(self, document):
        self.document = document

    def resolve(self, node):
        """The node itself, or what its $ref leads to."""
        while "$ref" in node:
            target = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            node = target
        return node

    def faults(self, schema, value, at="$"):
        """What is wrong with the value, one sentence each."""
        for keyword, rule in schema.items():
            if keyword in _NOTES:
                continue
            check = getattr(self, "_" + keyword.lstrip("$").lower(), None)
            assert check, f"the validator does not know {keyword!r}"
            yield from check(rule, value, at, schema)

    def is_valid(self, schema, value):
        return not any(self.faults(schema, value))

    def _ref(self, _, value, at, schema):
        yield from self.faults(self.resolve(schema), value, at)

    def _type(self, rule, value, at, _):
        names = rule if isinstance(rule, list) else [rule]
        if not any(_TYPES[name](value) for name in names):
            yield f"{at}: {value!r} is not of type {' or '.join(names)}"

    def _enum(self, rule, value, at, _):
        if value not in rule:
            yield f"{at}: {value!r} is none of {rule}"

    def _const(self, rule, value, at, _):
        if value != rule or isinstance(value, bool) != isinstance(rule, bool):
            yield f"{at}: {value!r} is not {rule!r}"

    def _pattern(self, rule, value, at, _):
        if isinstance(value, str) and not re.search(rule, value):
            yield f"{at}: {value!r} does not match {rule}"

    def _format(self, rule, value, at, _):
        assert rule == "date-time", f"the validator does not know the format {rule!r}"
        if isinstance(value, str) and not _TIME.fullmatch(value):
            yield f"{at}: {value!r} is no RFC 3339 time"

    def _minlength(self, rule, value, at, _):
        if isinstance(value, str) and len(value) < rule:
            yield f"{at}: shorter than {rule}"

    def _maxlength(self, rule, value, at, _):
        if isinstance(value, str) and len(value) > rule:
            yield f"{at}: longer than {rule}"

    def _minimum(self, rule, value, at, _):
        if _TYPES["integer"](value) and value < rule:
            yield f"{at}: {value} is less than {rule}"

    def _maximum(self, rule, value, at, _):
        if _TYPES["integer"](value) and value > rule:
            yield f"{at}: {value} is more than {rule}"

    def _minitems(self, rule, value, at, _):
        if isinstance(value, list) and len(value) < rule:
            yield f"{at}: fewer than {rule} items"

    def _maxitems(self, rule, value, at, _):
        if isinstance(value, list) and len(value) > rule:
            yield f"{at}: more than {rule} items"

    def _items(self, rule, value, at, _):
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.faults(rule, item, f"{at}[{index}]")

    def _properties(self, rule, value, at, _):
        if isinstance(value, dict):
            for name in rule.keys() & value.keys():
                yield from self.faults(rule[name], value[name], f"{at}.{name}")

    def _additionalproperties(self, rule, value, at, schema):
        if isinstance(value, dict):
            for name in value.keys() - schema.get("properties", {}).keys():
                if rule is False:
                    yield f"{at}: has {name!r}, which the document does not know"
                elif isinstance(rule, dict):
                    yield from self.faults(rule, value[name], f"{at}.{name}")

    def _required(self, rule, value, at, _):
        if isinstance(value, dict):
            for name in rule:
                if name not in value:
                    yield f"{at}: lacks {name!r}"

    def _dependentrequired(self, rule, value, at, _):
        if isinstance(value, dict):
            for name, others in rule.items():
                if name in value:
                    yield from self._required(others, value, at, None)

    def _propertynames(self, rule, value, at, _):
        if isinstance(value, dict):
            for name in value:
                yield from self.faults(rule, name, f"{at} name")

    def _maxproperties(self, rule, value, at, _):
        if isinstance(value, dict) and len(value) > rule:
            yield f"{at}: more than {rule} properties"

    def _anyof(self, rule, value, at, _):
        if not any(self.is_valid(choice, value) for choice in rule):
            yield f"{at}: {value!r} fits none of {len(rule)} choices: " + "; ".join(
                next(self.faults(choice, value, at)) for choice in rule)

    def _oneof(self, rule, value, at, _):
        if sum(self.is_valid(choice, value) for choice in rule) != 1:
            yield f"{at}: {value!r} does not fit exactly one of {len(rule)} choices"
