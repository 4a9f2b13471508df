#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: schema.py check|whole|mutate|refuse|open SCHEMA <OUTPUT
       schema.py keys|words|details SCHEMA

Compares the tool's JSON, a document or a line an object, with its schema. The published schema
lets keys be added; here one that it does not describe is an error.

  check   every object is as described, and has no other key
  whole   likewise, and sockets have every key (no -C was given)
  mutate  likewise, and each object is refused once a key is misspelt, added or missing, or a
          value has another type
  refuse  every object is refused
  open    the schema as it is published takes the output with a key added to every object
  keys    the paths of a socket's keys
  words   the enumerations, a name and a word a line
  details the keys of the objects of details: the object, the key and its type

Exit status: 0, or 1 with what is wrong; 77 without python3-jsonschema.
"""

import copy
import json
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError:
    sys.exit(77)

# Keys that come with odd bytes alone, or with the command explain.
OPTIONAL = {"path_base64", "comm_base64", "explain"}
# Objects whose keys depend on the kind of socket, its congestion control, or what was asked for.
PARTIAL = {"kinds", "info", "memory", "timer", "extended", "tos", "sockopt", "bpf_filter", "tipc_info", "groups"}

# So much of what could be mutated is, to be done in seconds.
MOST = 250
SHAPES = 8


def close_objects(schema):
    """No key but those described."""
    if isinstance(schema, list):
        for part in schema:
            close_objects(part)
    elif isinstance(schema, dict):
        for part in schema.values():
            close_objects(part)
        if "object" in schema.get("type", ()) and "properties" in schema:
            schema["additionalProperties"] = False


def require_all(schema):
    """What is there without -C; summaries have their forecast."""
    defs = schema["$defs"]
    whole = defs["whole_socket"]
    defs["socket"]["required"] = whole["required"]
    defs["close"]["required"] = whole["properties"]["close"]["required"]
    defs["summary"]["required"] = list(defs["summary"]["properties"])


def validator_of(schema, name):
    """Validates one kind of object: its messages say more than those of the oneOf on top."""
    part = {key: value for key, value in schema.items() if key != "oneOf"}
    part["$ref"] = "#/$defs/" + name
    return Draft202012Validator(part)


def kind_of(value):
    if not isinstance(value, dict):
        return "document"
    if "header" in value and "sockets" not in value:
        return "report"
    kinds = {"reason": "reason_text", "event": "socket"}
    return kinds.get(value.get("type"), value.get("type", "document"))


def read_objects(text):
    """Documents and lines, any number of them."""
    decoder = json.JSONDecoder()
    objects = []
    text = text.lstrip()
    while text:
        value, end = decoder.raw_decode(text)
        objects.append(value)
        text = text[end:].lstrip()
    if not objects:
        sys.exit("there is no JSON")
    return objects


def leaves(value, path=()):
    """Every path in it, that of the whole first."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from leaves(value[key], path + (key,))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from leaves(item, path + (i,))


def at(value, path):
    for step in path:
        value = value[step]
    return value


def wrong_values(value, key):
    """What must not stand where this value stood."""
    if value is None:
        # An unknown percentage could be any number.
        return [-1, {}] if key == "percent" else [-1, 0.5, {}]
    if isinstance(value, bool):
        return [int(value), str(value).lower()]
    if isinstance(value, int):
        return [str(value), -1, value + 0.5, True]
    if isinstance(value, float):
        return [str(value), -1.5, True]
    if isinstance(value, str):
        return [7, False, [value]]
    return [7, "", True]


def mutations(whole, needed):
    for path in leaves(whole):
        if not path:
            continue
        here = at(whole, path)
        for wrong in wrong_values(here, path[-1]):
            copied = copy.deepcopy(whole)
            at(copied, path[:-1])[path[-1]] = wrong
            yield "%s: %r for %r" % (path, wrong, here), copied
        if isinstance(path[-1], str):
            copied = copy.deepcopy(whole)
            del at(copied, path[:-1])[path[-1]]
            if path in needed:
                yield "%s is missing" % (path,), copied
            renamed = copy.deepcopy(copied)
            at(renamed, path[:-1])[path[-1] + "s"] = here
            yield "%ss for %s" % (path, path[-1]), renamed
        if isinstance(here, dict):
            copied = copy.deepcopy(whole)
            at(copied, path)["surprise"] = None
            yield "%s has one key more" % (path,), copied


def needed_paths(schema, value):
    """Whose absence is an error: all but the keys that an object may lack."""
    defs = schema["$defs"]
    extra = set(defs["socket"]["properties"]) - set(defs["whole_socket"]["required"])
    extra |= set(defs["counts"]["properties"]) - set(defs["counts"]["required"])
    return {
        path
        for path in leaves(value)
        if path and path[-1] not in OPTIONAL | extra and not PARTIAL & set(path[:-1])
    }


def shape(value):
    """Equal for objects that differ in numbers and texts alone."""
    if isinstance(value, dict):
        return tuple((key, shape(value[key])) for key in value)
    if isinstance(value, list):
        return ("list",) + tuple(sorted({repr(shape(item)) for item in value}))
    return type(value).__name__


def parts(document):
    """A document's objects, each to be judged by itself."""
    if kind_of(document) != "document":
        return [document]  # of a report the summary is of another kind
    return [document["header"], *document["sockets"], document["summary"]]


def report(errors):
    for error in errors:
        print("%s: %s" % ("/".join(map(str, error.absolute_path)), error.message[:300]))
    return bool(errors)


def check(schema, objects):
    wrong = 0
    for i, value in enumerate(objects):
        # Which of the kinds it is is asked of the first few: that is slow.
        top = i < 20
        wrong += report(list(validator_of(schema, kind_of(value)).iter_errors(value)))
        if not wrong and top and not Draft202012Validator(schema).is_valid(value):
            print("none of the schema's kinds, or several of them")
            wrong += 1
    print("%d objects" % len(objects))
    return wrong


def mutate(schema, objects):
    taken = tried = 0
    seen = set()
    for value in (part for whole in objects for part in parts(whole)):
        if shape(value) in seen or len(seen) == SHAPES:
            continue
        seen.add(shape(value))
        validator = validator_of(schema, kind_of(value))
        made = list(mutations(value, needed_paths(schema, value)))
        for name, wrong in made[:: 1 + len(made) // MOST]:
            tried += 1
            if validator.is_valid(wrong):
                taken += 1
                print("taken: " + name)
    print("%d shapes, %d mutations" % (len(seen), tried))
    return taken or tried < 100


def refuse(schema, objects):
    taken = [i for i, value in enumerate(objects) if validator_of(schema, kind_of(value)).is_valid(value)]
    for i in taken:
        print("object %d is taken" % i)
    print("%d objects" % len(objects))
    return taken


def add_keys(value):
    if isinstance(value, list):
        return [add_keys(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {**{key: add_keys(item) for key, item in value.items()}, "of_a_later_version": None}


def paths(schema, name="socket", before=""):
    for key, part in schema["$defs"][name]["properties"].items():
        yield before + key
        if part.get("$ref") == "#/$defs/close":
            yield from paths(schema, "close", "close.")


def kind_of_detail(part):
    """As the tool calls it."""
    wants = part["type"][0]
    if wants == "array":
        return "numbers" if part["items"]["type"] == "integer" else "words"
    if wants == "string":
        return {"^[0-9]+$": "decimal", None: "text"}.get(part.get("pattern"), "hex")
    return {"boolean": "flag", "integer": "number"}[wants]


def details(schema):
    properties = schema["$defs"]["socket"]["properties"]
    for name in sorted(PARTIAL & set(properties)):
        for key, part in properties[name]["properties"].items():
            if not key.endswith("_base64"):
                yield "%s %s %s" % (name, key, kind_of_detail(part))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[2], encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    verb = sys.argv[1]
    if verb == "keys":
        print("\n".join(paths(schema)))
        return 0
    if verb == "words":
        for name in ("netid", "state", "risk", "outcome", "reason"):
            for word in schema["$defs"][name]["enum"]:
                print(name, word)
        return 0
    if verb == "details":
        print("\n".join(details(schema)))
        return 0
    objects = read_objects(sys.stdin.read())
    if verb == "open":
        return check(schema, add_keys(objects))
    close_objects(schema)
    if verb != "check":
        require_all(schema)
    verbs = {"check": check, "whole": check, "mutate": mutate, "refuse": refuse}
    return verbs[verb](schema, objects)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
