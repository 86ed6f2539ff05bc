# SPDX-License-Identifier: LGPL-3.0-or-later
"""The published schemas: sound by their own standard, complete, and the same wherever they are."""

import json
import re

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from tools import schemas

FOLDER = schemas.SOURCE
FILES = sorted(FOLDER.rglob("*.json"))
ASYNCAPI = FOLDER.parent / "asyncapi.yaml"
README = FOLDER.parent / "README.md"
EXAMPLES = FOLDER.parent / "examples.json"


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def name(path):
    return path.relative_to(FOLDER).as_posix()


def walk(part):
    """Every object within a schema."""
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from walk(inner)


def refs(schema):
    return {part["$ref"] for part in walk(schema) if isinstance(part.get("$ref"), str)}


REGISTRY = Registry().with_resources(
    [(schema["$id"], Resource.from_contents(schema)) for schema in map(read, FILES)]
)


@pytest.mark.parametrize("path", FILES, ids=name)
class TestFile:
    """Each file by itself."""

    def test_keeps_the_meta_schema(self, path):
        schema = read(path)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        Draft202012Validator.check_schema(schema)

    def test_its_name_is_its_identity(self, path):
        schema = read(path)
        assert schema["$id"].endswith("/protocol/1/" + name(path))
        assert schema["title"]

    def test_what_it_refers_to_is_there_for_files_and_for_identities(self, path):
        schema = read(path)
        resolver = REGISTRY.resolver(schema["$id"])
        for ref in refs(schema):
            file, _hash, pointer = ref.partition("#")
            target = read(path.parent / file)
            for key in filter(None, pointer.split("/")):
                target = target[key]
            assert resolver.lookup(ref).contents == target

    def test_every_property_that_is_required_is_described(self, path):
        for part in walk(read(path)):
            if isinstance(part.get("required"), list) and "properties" in part:
                wanted = {key for key in part["required"] if key != "ts"}
                assert wanted <= part["properties"].keys()

    def test_unknown_fields_are_never_forbidden(self, path):
        keys = {key for part in walk(read(path)) for key in part}
        assert not keys & {"additionalProperties", "unevaluatedProperties", "propertyNames"}


def test_the_carriers_have_the_same():
    assert schemas.outdated() == [], "python3.11 -m tools.schemas"


def test_a_stale_carrier_is_told_and_mended(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(schemas, "PROJECT", tmp_path)
    carrier = tmp_path / "carrier.json"
    monkeypatch.setattr(schemas, "CARRIERS", (carrier,))
    assert schemas.main(["--check"]) == 1 and not carrier.exists()
    assert "carrier.json differs" in capsys.readouterr().out
    assert schemas.main([]) == 0
    assert read(carrier).keys() == {name(path) for path in FILES}
    assert schemas.main(["--check"]) == 0


def test_every_type_of_the_text_has_its_file():
    text = README.read_text(encoding="utf-8")
    for folder, heading, end in (("events", "## 5. ", "## 6. "), ("commands", "## 7. ", "## 8. ")):
        part = text.split(heading)[1].split(end)[0].split("| type |")[1].split("\n\n")[0]
        rows = re.findall(r"^\| (`[a-z].*?) \|", part, re.MULTILINE)
        told = {kind for row in rows for kind in re.findall(r"`([a-z]+(?:\.[a-z]+)?)`", row)}
        files = {path.name.removesuffix(".schema.json") for path in (FOLDER / folder).iterdir()}
        assert files == told


def test_every_field_of_an_event_is_in_the_text():
    part = README.read_text(encoding="utf-8").split("## 5. ")[1].split("## 7. ")[0]
    for path in (FOLDER / "events").iterdir():
        for field in read(path)["properties"]["data"]["properties"]:
            assert re.search(rf"`[^`]*\b{field}\b[^`]*`", part), (path.name, field)


def valid(file, message):
    schema = read(FOLDER / file)
    checked = Draft202012Validator(schema, registry=REGISTRY, format_checker=FormatChecker())
    return not list(checked.iter_errors(message))


def test_the_examples_of_the_text():
    """Those that are data of an envelope are put into one."""
    text = README.read_text(encoding="utf-8")
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    ack, birth, command, desired, reported = blocks
    assert valid("evt_ack.schema.json", ack)
    assert valid("commands/vend.cancel.schema.json", command)
    assert valid("desired.schema.json", desired)
    head = next(one["message"] for one in read(EXAMPLES) if one["channel"] == "birth")
    assert valid("birth.schema.json", head | {"data": birth})
    assert valid("reported.schema.json", head | {"type": "reported", "data": reported})
    for broken in (birth | {"proto": 2}, birth | {"next_seq": 0}):
        assert not valid("birth.schema.json", head | {"data": broken})


def test_there_is_an_example_of_every_message():
    shown = set()
    for one in read(EXAMPLES):
        kind = one["message"].get("type")
        shown |= {one["channel"], f"events/{kind}", f"commands/{kind}"}
    shown |= {"platform_state", "event", "command", "common", "envelope"}
    assert {name(path).removesuffix(".schema.json") for path in FILES} <= shown


class TestAsyncApi:
    """The other document: complete beside the schemas. The linters hold it to its standard."""

    @pytest.fixture
    def text(self):
        return ASYNCAPI.read_text(encoding="utf-8")

    def test_it_names_every_schema_of_a_message_and_no_other(self, text):
        named = set(re.findall(r"\./schemas/(\S+?\.schema\.json)", text))
        parts = {"common.schema.json", "envelope.schema.json"}
        assert named == {name(path) for path in FILES} - parts

    def test_it_has_the_channels_of_the_text(self, text):
        readme = README.read_text(encoding="utf-8")
        told = set(re.findall(r"^\| `\{root\}(/\S+)` \|", readme, re.MULTILINE))
        assert len(told) == 10
        assert set(re.findall(r"address: '\{root\}(/\S+)'", text)) == told

    def test_what_it_refers_to_within_itself_is_there(self, text):
        for ref in set(re.findall(r"#/(\S+?)'", text)):
            *_way, last = ref.split("/")
            assert re.search(rf"^\s+{re.escape(last)}:", text, re.MULTILINE), ref
