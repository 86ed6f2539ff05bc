# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a device says, held against docs/protocol: envelope, fields, types, sizes."""

import json
import re
import uuid
from decimal import Decimal

import pytest

from fleet import clock, schema
from fleet.options import Options
from fleet.tests import standin

README = standin.PROJECT / "docs" / "protocol" / "README.md"
OUTCOMES = {"success", "failed", "partial", "unknown"}
SENSORS = {"confirmed", "absent", "none", "fault"}
FIELDS = {
    "vend.local": ("vend_id slot sku qty price currency pay price_version outcome sensor",
                   "pay_ref refunded"),
    "vend.accepted": ("vend_id", ""),
    "vend.rejected": ("vend_id code", ""),
    "vend.started": ("vend_id", ""),
    "vend.result": ("vend_id outcome slot qty sensor slot_state", "ml motor_code"),
    "auth.request": ("request_id kind token", "slot"),
    "slot.state": ("slot state", "qty"),
    "restock.done": ("by slots", "visit_id"),
    "cash.collected": ("by counted meter", "visit_id currency"),
    "cash.level": ("coins notes tubes", "currency"),
    "door": ("state", "by"),
    "fault.raised": ("code severity", "slot text"),
    "fault.cleared": ("code severity", "slot text"),
    "counter.snapshot": ("total slots source", "currency"),
    "test.vend": ("slot qty by", ""),
}  # fmt: skip
ENVELOPE = {"id", "epoch", "boot", "ts", "ts_q", "hist", "type", "data"}


@pytest.fixture(scope="module")
def said(bench_factory):
    """Everything that a device says in an eventful life, as (suffix, message)."""
    bench = bench_factory(options=Options(start_spread=0, dispense=0, hello=0, rate=0, batch=1))
    for outcome in ("success", "failed", "partial", "unknown", "jam"):
        bench.device.buy(bench.now, "A1" if outcome != "jam" else "A2", 2, "card", outcome)
        bench.device.motor.forced.append(outcome)
        bench.vend(slot="A3" if outcome != "jam" else "A4", qty=2)
    bench.vend(slot="Z1")
    bench.device.buy(bench.now, "A1", 1, "cash", "success")
    bench.device.service.visit(bench.now, "Ann", "visit-1")
    request = {"request_id": str(uuid.uuid4()), "kind": "member", "token": "T"}
    bench.device.emit(bench.now, "auth.request", request)
    for kind in ("counter.request", "cash.request", "log.request", "door.unlock", "nothing.known"):
        bench.command(kind)
    bench.command("machine.lock", seconds=-1)
    bench.device.connected(bench.now)
    bench.listen(100)
    assert bench.device.unsound == 0
    return bench.said


def events(said):
    """The events of what was said."""
    found = []
    for suffix, message in said:
        if suffix == "up/evt":
            found += message if isinstance(message, list) else [message]
    return found


def test_every_type_of_event_occurs(said):
    assert {event["type"] for event in events(said)} == set(FIELDS)


def test_data_has_the_fields_of_its_type(said):
    for event in events(said):
        needed, optional = (set(words.split()) for words in FIELDS[event["type"]])
        assert needed <= event["data"].keys() <= needed | optional, event


def test_everything_that_is_said_keeps_the_published_contract(said):
    """Strictly: readings too, and the fields that a reader of another house may pass over."""
    for suffix, message in said:
        assert schema.faults(suffix.removeprefix("up/"), message) == [], message


def test_the_contract_knows_these_types_and_no_other():
    assert schema.types("evt") == sorted(FIELDS)
    for kind, (needed, optional) in FIELDS.items():
        data = schema.schemas()[f"events/{kind}.schema.json"]["properties"]["data"]
        known = set((needed + " " + optional).split())
        assert known <= data["properties"].keys() <= known | {"file"}
        assert set(data["required"]) <= set(needed.split())


def test_what_the_stand_in_of_the_platform_says_keeps_it_too():
    assert schema.faults("desired", standin.planogram()) == []
    assert schema.faults("cmd", standin.command("vend.authorize", standin.authorisation())) == []
    assert schema.faults("cmd", standin.command("vend.authorize", {})) != []


def test_the_published_examples_and_what_is_wrong_with_others():
    examples = json.loads((README.parent / "examples.json").read_text(encoding="utf-8"))
    for one in examples:
        assert schema.faults(one["channel"], one["message"]) == []
    door = next(one["message"] for one in examples if one["message"].get("type") == "door")
    ajar = door | {"data": {"state": "ajar"}, "seq": 0}
    fields = sorted(fault.split(":")[0] for fault in schema.faults("evt", [door, ajar]))
    assert fields == ["data.state", "seq"]
    assert schema.faults("evt", [door] * 51) == ["51 events: 1 to 50 go together"]
    assert schema.faults("evt", []) and schema.faults("evt", 7) and schema.faults("cmd", [])
    assert schema.sound("evt", door) and not schema.sound("evt", ajar)
    assert not schema.sound("evt", door | {"id": "\ud800"})


def test_a_device_owns_up_to_what_breaks_the_contract(bench, caplog):
    bench.device.emit(bench.now, "door", {"state": "ajar"})
    assert bench.device.unsound == 1
    assert "door" in caplog.text and "data.state" in caplog.text


def test_every_message_is_in_an_envelope(said):
    for suffix, message in said:
        for one in message if isinstance(message, list) else [message]:
            extra = {"seq"} if suffix == "up/evt" else set()
            assert ENVELOPE | extra <= one.keys() <= ENVELOPE | extra | {"corr"}
            assert uuid.UUID(one["id"]).version == 7 and uuid.UUID(one["boot"])
            assert clock.parse(one["ts"]) and one["ts_q"] in ("synced", "drifted", "unset")
            assert type(one["hist"]) is bool and type(one["epoch"]) is int


def test_types_of_what_is_no_event(said):
    for suffix, message in said:
        if suffix != "up/evt":
            assert message["type"] == suffix.removeprefix("up/")
    assert {suffix for suffix, _ in said} == {"up/birth", "up/state", "up/evt", "up/tele", "up/ack",
                                              "up/reported"}  # fmt: skip


def test_words_are_those_of_the_protocol(said):
    for event in events(said):
        data = event["data"]
        if event["type"] in ("vend.local", "vend.result"):
            assert data["outcome"] in OUTCOMES and data["sensor"] in SENSORS
            assert type(data["qty"]) is int and data["qty"] >= 0
        if event["type"] == "vend.result":
            assert data["slot_state"] in ("ok", "empty", "jammed", "disabled")
        if event["type"].startswith("fault."):
            assert data["severity"] in ("info", "warning", "critical")


def test_money_is_a_decimal_string(said):
    for text in re.findall(r'"(?:price|meter|coins|notes|tubes|value)":([^,}]+)', json.dumps(said)):
        assert text.startswith(' "') and Decimal(text.strip(' "')).is_finite()
    assert all(re.fullmatch(r"\d+\.\d\d", event["data"]["price"])
               for event in events(said) if event["type"] == "vend.local")  # fmt: skip


def test_steps_of_a_vend_and_answers_name_what_they_belong_to(said):
    for event in events(said):
        if event["type"].startswith("vend."):
            assert event["corr"] == event["data"]["vend_id"]
    for suffix, message in said:
        if suffix == "up/ack":
            assert message["corr"] == message["data"]["cmd"]
            assert message["data"]["status"] in ("received", "in_progress", "succeeded", "failed",
                                                 "rejected", "expired")  # fmt: skip


def test_the_contract_has_its_nine_paragraphs_and_every_type():
    text = README.read_text(encoding="utf-8")
    titles = re.findall(r"^## (\d)\. ", text, re.MULTILINE)
    assert titles == list("123456789")
    for kind, (needed, optional) in FIELDS.items():
        assert f"`{kind}`" in text
        for field in (needed + " " + optional).split():
            assert re.search(rf"\b{field}\b", text), field
