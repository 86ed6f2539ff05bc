# SPDX-License-Identifier: LGPL-3.0-or-later
"""Lines of the log: one object each, whatever is in them; refusals by name, but never a flood."""

import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_device_bridge_core import envelope
from wine_device_bridge_core.envelope import Refused
from wine_device_bridge_core.logs import ABOUT, SINGLY, WITHIN, Refusals, about, set_up

SECRET = 'Xk3-"very"_secret~value/9+='


@pytest.fixture
def written():
    """A logger of JSON lines, and a function that reads what was written."""
    stream, logger = io.StringIO(), logging.Logger("bridge")
    logger.addHandler(logging.StreamHandler(stream))
    set_up("json", "a", [SECRET], logger)

    def lines():
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    return logger, lines


@given(st.text(), st.text(), st.integers())
def test_a_line_is_one_object_whatever_it_says(text, event, seq):
    stream, logger = io.StringIO(), logging.Logger("bridge")
    logger.addHandler(logging.StreamHandler(stream))
    set_up("json", "a", (), logger)
    logger.warning("%s", text, extra=about(event=event, seq=seq))
    assert stream.getvalue().count("\n") == 1
    line = json.loads(stream.getvalue())
    assert line["seq"] == seq and line["level"] == "warning" and line["bridge"] == "a"


def test_fields_and_secrets(written):
    logger, lines = written
    logger.error(
        'password="%s" and token=%s, bearer abcdefghijk',
        SECRET,
        "tok123",
        extra=about(machine="m-1", event="e-1", epoch=2, seq=9, command="c-1", code=SECRET),
    )
    try:
        raise ValueError(f"cannot log in with {SECRET}")
    except ValueError:
        logger.exception("it failed")
    first, second = lines()
    assert {name: first[name] for name in ABOUT} == {
        **{"bridge": "a", "machine": "m-1", "event": "e-1", "epoch": 2, "seq": 9},
        **{"command": "c-1", "code": "***"},
    }
    assert "ValueError: cannot log in with ***" in second["trace"]
    assert "event" not in second
    for told in (SECRET, "tok123", "abcdefghijk"):
        assert told not in json.dumps([first, second], ensure_ascii=False)


def test_without_json_the_form_for_people_stays():
    stream, logger = io.StringIO(), logging.Logger("bridge")
    logger.addHandler(logging.StreamHandler(stream))
    set_up("", "a", [SECRET], logger)
    logger.warning("hello %s", SECRET, extra=about(machine="m"))
    assert stream.getvalue() == "hello ***\n"


def test_a_field_that_nobody_searches_by_is_refused():
    with pytest.raises(TypeError, match="mashine"):
        about(mashine="m")


def content(**values):
    return {
        **{"id": "3f0f3d3e-8f0a-4c57-9a3b-0d6a8f8d0001", "epoch": 3, "seq": 17},
        **{"boot": "3f0f3d3e-8f0a-4c57-9a3b-0d6a8f8d0002", "ts": None, "ts_q": "none"},
        **{"hist": False, "type": "door", "data": {"state": "opened"}},
        **values,
    }


@pytest.mark.parametrize(
    "bad", [{"hist": 3}, {"data": {}}, {"machine": "another"}, {"type": 1}, {"data": "\0"}]
)
def test_every_refusal_knows_which_message_it_is_about(bad):
    payload = json.dumps([content(seq=16), content(**bad)]).encode()
    _first, refused = envelope.read("m", "evt", payload)
    assert isinstance(refused, Refused)
    said = (refused.event, refused.epoch, refused.seq, refused.part)
    assert said == (content()["id"], 3, 17, 1)


def test_a_refusal_is_told_by_machine_and_event(written):
    logger, lines = written
    Refusals(logger).tell([("m-1", Refused("schema", "data: bad\nline", 3, 17, "e-1"))])
    (line,) = lines()
    assert (line["machine"], line["event"], line["code"]) == ("m-1", "e-1", "schema")
    assert (line["epoch"], line["seq"]) == (3, 17)
    assert "message e-1 of machine m-1" in line["text"] and "\n" not in line["text"]


def test_what_names_itself_not_is_told_as_well(written):
    logger, lines = written
    Refusals(logger).tell([(None, Refused("foreign_machine", "no such machine"))])
    assert "without an id of machine unknown" in lines()[0]["text"]


def test_a_flood_is_a_number(written):
    logger, lines = written
    now = [0.0]
    refusals = Refusals(logger, clock=lambda: now[0])
    for _round in range(10):
        refusals.tell([("m", Refused("schema", "bad", event="x" * 5000))] * SINGLY)
    assert len(lines()) == SINGLY
    now[0] = WITHIN + 1
    refusals.tell([("m", Refused("schema", "bad"))])
    assert len(lines()) == SINGLY + 2
    assert lines()[-2]["text"].startswith(f"{9 * SINGLY} more")
    assert max(len(line["event"]) for line in lines()[:-2]) <= 300
