#!/usr/bin/python3
"""Compares what the API did with what its OpenAPI document says.

usage: check.py DOCUMENT EXCHANGES ROUTES

EXCHANGES has a JSON object a line: method, path, body (of the request), status, type, text (of the
answer). ROUTES has a line `METHOD /pattern/:name` for each route of the router. Prints a line for each
contradiction and ends with 1 when there is one. Stricter than the document reads to others: an answer
may have no property that the document does not name. Needs Debian's python3-jsonschema.
"""
import copy
import json
import re
import sys
import urllib.parse

from jsonschema import Draft202012Validator, FormatChecker

METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}
formats = FormatChecker()


@formats.checks("date-time")
def is_time(value):
    return not isinstance(value, str) or bool(
        re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value))


class Document:
    def __init__(self, path):
        with open(path) as file:
            self.whole = json.load(file)
        self.paths = [(template, re.compile(re.sub(r"\\{[^/]*?\\}", "([^/]+)", re.escape(template))),
                       item) for template, item in self.whole["paths"].items()]

    def find(self, reference):
        value = self.whole
        for part in reference.removeprefix("#/").split("/"):
            value = value[part]
        return value

    def resolved(self, value):
        return self.resolved(self.find(value["$ref"])) if "$ref" in value else value

    def item(self, path):
        """The most literal path that matches."""
        fitting = [(template.count("{"), template, item) for template, pattern, item in self.paths
                   if pattern.fullmatch(path)]
        return min(fitting, key=lambda found: found[0])[1:] if fitting else (None, None)

    def closed(self, schema, close=True):
        """The schema with references and allOf written out, and objects closed."""
        if isinstance(schema, list):
            return [self.closed(inner, close) for inner in schema]
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema:
            return self.closed(self.find(schema["$ref"]), close)
        schema = copy.deepcopy(schema)
        for part in schema.pop("allOf", []):
            part = self.closed(part, False)
            schema.setdefault("properties", {}).update(part.get("properties", {}))
            schema["required"] = schema.get("required", []) + part.get("required", [])
            schema.setdefault("type", part.get("type", "object"))
        if "properties" in schema:
            schema["properties"] = {name: self.closed(inner, close)
                                    for name, inner in schema["properties"].items()}
            if close:
                schema.setdefault("additionalProperties", False)
        for word in ("items", "oneOf", "anyOf"):
            if word in schema:
                schema[word] = self.closed(schema[word], close)
        if isinstance(schema.get("additionalProperties"), dict):
            schema["additionalProperties"] = self.closed(schema["additionalProperties"], close)
        return schema


def problems_of(schema, value):
    for error in Draft202012Validator(schema, format_checker=formats).iter_errors(value):
        # Of alternatives, the innermost complaint says most.
        while error.context:
            error = max(error.context, key=lambda inner: len(inner.absolute_path))
        yield f"{'/'.join(map(str, error.absolute_path)) or 'it'}: {error.message[:300]}"


def says_something(schema):
    return schema.get("type") != "object" or "properties" in schema or "additionalProperties" in schema


def check_document(document):
    for template, item in document.whole["paths"].items():
        named = set(re.findall(r"{([^}]*)}", template))
        for method, operation in item.items():
            if method not in METHODS:
                continue
            where = f"{method.upper()} {template}"
            for word in ("summary", "responses", "tags"):
                if not operation.get(word):
                    yield f"{where}: no {word}"
            parameters = [document.resolved(parameter) for parameter in
                          item.get("parameters", []) + operation.get("parameters", [])]
            if {p["name"] for p in parameters if p["in"] == "path"} != named:
                yield f"{where}: its path parameters are not described"
            for status, response in operation.get("responses", {}).items():
                for media in document.resolved(response).get("content", {}).values():
                    if not says_something(document.closed(media["schema"])):
                        yield f"{where} {status}: the answer is said to be any object"
    for name, schema in document.whole["components"]["schemas"].items():
        try:
            Draft202012Validator.check_schema(schema)
        except Exception as error:  # noqa: BLE001: whatever the validator finds
            yield f"schema {name}: {str(error).splitlines()[0]}"


def check_request(document, item, operation, exchange):
    """Of a request that was taken: the document must allow it."""
    query = urllib.parse.urlsplit(exchange["path"]).query
    described = {p["name"]: p for p in map(document.resolved, item.get("parameters", []) +
                                           operation.get("parameters", [])) if p["in"] == "query"}
    sent = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    for name, text in sent.items():
        if name not in described:
            yield f"the query parameter {name} is not described"
            continue
        schema = document.closed(described[name]["schema"])
        value = text
        if schema.get("type") == "integer":
            value = int(text)
        elif schema.get("type") == "boolean":
            value = {"true": True, "false": False}.get(text, text)
        for problem in problems_of(schema, value):
            yield f"query parameter {name}: {problem}"
    yield from (f"the query parameter {name} is missing" for name, parameter in described.items()
                if parameter.get("required") and name not in sent)
    body = operation.get("requestBody")
    if exchange["body"] and not body:
        if exchange["body"] not in ("{}",):
            yield "a body is taken and not described"
    elif body and not exchange["body"] and body.get("required"):
        yield "the body is said to be required"
    elif body and "application/json" in body["content"]:
        schema = document.closed(body["content"]["application/json"]["schema"])
        for problem in problems_of(schema, json.loads(exchange["body"])):
            yield f"request: {problem}"


def check_answer(document, operation, exchange):
    responses = operation["responses"]
    response = responses.get(str(exchange["status"]), responses.get("default"))
    if not response or (exchange["status"] < 400 and str(exchange["status"]) not in responses):
        yield f"the status {exchange['status']} is not described"
        return
    content = document.resolved(response).get("content", {})
    kind = exchange["type"].split(";")[0]
    if not content:
        if exchange["text"]:
            yield "the answer has a body, which is not described"
        return
    if kind not in content:
        yield f"the answer is {kind or 'without a type'}, described is {', '.join(content)}"
        return
    if kind.endswith("json"):
        schema = document.closed(content[kind]["schema"])
        for problem in problems_of(schema, json.loads(exchange["text"])):
            yield f"answer: {problem}"


def main():
    document = Document(sys.argv[1])
    with open(sys.argv[2]) as file:
        exchanges = [json.loads(line) for line in file]
    with open(sys.argv[3]) as file:
        routes = {tuple(line.split()) for line in file if line.strip()}
    routes = {(method, re.sub(r":(\w+)", r"{\1}", pattern)) for method, pattern in routes}
    found = list(check_document(document))
    described = {(method.upper(), template) for template, item in document.whole["paths"].items()
                 for method in item if method in METHODS}
    found += [f"{' '.join(route)}: a route that is not described" for route in routes - described]
    found += [f"{' '.join(route)}: described, and no route" for route in described - routes]
    taken = set()
    for exchange in exchanges:
        exchange["method"] = exchange["method"].replace("HEAD", "GET")
        method = exchange["method"].lower()
        template, item = document.item(urllib.parse.urlsplit(exchange["path"]).path)
        if not item or method not in item:
            continue
        where = f"{exchange['method']} {template} {exchange['status']}"
        said = list(check_answer(document, item[method], exchange))
        if exchange["status"] < 400:
            taken.add((exchange["method"], template))
            said += check_request(document, item, item[method], exchange)
        found += [f"{where}: {problem}" for problem in said]
    found += [f"{' '.join(route)}: never called with success" for route in routes - taken]
    for line in sorted(set(found)):
        print(line)
    print(f"{len(exchanges)} exchanges, {len(taken)} of {len(routes)} routes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
