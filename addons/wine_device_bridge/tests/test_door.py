# SPDX-License-Identifier: LGPL-3.0-or-later
"""The HTTPS door from outside, as a machine knocks: the same rules as over MQTT."""

import base64
import gzip
import json
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..core import door
from ..models import wine_bridge_door, wine_bridge_knock
from .common import BridgeCommon

PATH = "/wine/device/events"


class DoorCommon(BridgeCommon, HttpCase):
    session = None  # here it is that of HTTP, not the trading day

    def setUp(self):
        super().setUp()
        wine_bridge_door._right.clear()
        self.credentials = self.env["wine.bridge.credential"]
        self.secret = self.credentials._issue(self.machine)[self.machine]
        self.env["wine.bridge.command"].search([("channel", "=", "cmd")]).state = "expired"

    def knock(self, body, user=None, secret=None, **headers):
        """POST as the machine; a body of bytes goes as it is."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        pair = f"{user or self.machine.uuid}:{secret or self.secret}".encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Authorization", "Basic " + base64.b64encode(pair).decode())
        self.env.flush_all()
        with mute_logger("odoo.http"):
            answer = self.url_open(PATH, data=data, headers=named)
        self.env.invalidate_all()
        return answer

    def told(self, body, **how):
        """The answer to a post that must be taken."""
        answer = self.knock(body, **how)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def stored(self):
        return self.events(machine_id=self.machine.id).filtered(lambda e: e.state != "quarantined")

    def refused(self):
        return self.events(machine_id=self.machine.id, state="quarantined")


@tagged("post_install", "-at_install")
class TestDoor(DoorCommon):
    """What is said at the door is stored, acknowledged and used as if MQTT had brought it."""

    def test_a_batch(self):
        events = [self.envelope(seq=seq) for seq in (1, 2, 4)]
        answer = self.told({"evt": events})
        self.assertEqual(
            answer["evt_ack"], [{"epoch": 1, "ack_seq": 4, "missing": [3], "rejected": []}]
        )
        self.assertEqual(self.stored().mapped("seq"), [1.0, 2.0, 4.0])
        self.assertEqual(answer["commands"], [])

    def test_the_same_over_mqtt_is_a_duplicate(self):
        event = self.envelope(seq=1)
        self.told({"evt": event})
        result = self.store(self.publish(event))
        self.assertEqual((result.stored, result.duplicates, result.quarantined), (0, 1, 0))
        again = self.told({"evt": [event, event]})
        self.assertEqual(again["evt_ack"][0]["ack_seq"], 1)
        self.assertEqual(self.stored().duplicates, 3)

    def test_a_sale_is_booked(self):
        sale = self.sale()
        self.told({"evt": [sale]})
        self.project()
        vend = self.env["wine.vend"].search([("machine_id", "=", self.machine.id)])
        self.assertEqual(vend.uuid, sale["data"]["vend_id"])
        self.assertEqual(vend.order_ids.amount_total, float(sale["data"]["price"]))

    def test_all_channels_in_one(self):
        reported = self.envelope(
            "reported", {"version": 0, "sha256": None, "fw": "2", "errors": []}, seq=None
        )
        reading = self.envelope("tele", {"temperature": 11.5}, seq=None)
        body = {
            "birth": self.birth(fw="9.9"),
            "state": self.envelope("state", {"state": "online"}, seq=None),
            "evt": [self.envelope(seq=1)],
            "reported": reported,
            "tele": reading,
        }
        self.told(body)
        self.assertEqual(self.stored().mapped("channel"), ["birth", "state", "evt", "reported"])
        self.project()
        self.assertEqual(self.machine.firmware, "2")
        self.assertEqual(self.machine.connection_state, "online")
        self.assertEqual(self.machine.temperature, 11.5)

    def test_one_acknowledgement_for_each_epoch(self):
        self.machine.sudo().bridge_epoch = 2
        events = [self.envelope(epoch=epoch, seq=1) for epoch in (1, 2, 3)]
        answer = self.told({"evt": events})
        refused = [{"seq": 1, "code": "unknown_epoch"}]
        self.assertEqual(
            answer["evt_ack"],
            [
                {"epoch": 1, "ack_seq": 1, "missing": [], "rejected": []},
                {"epoch": 2, "ack_seq": 1, "missing": [], "rejected": []},
                {"epoch": 3, "ack_seq": 0, "missing": [], "rejected": refused},
            ],
        )

    def test_a_bad_neighbour(self):
        """Each is judged by itself; numbers and characters that no message may hold as well."""
        good = json.dumps(self.envelope(seq=1))
        parts = [
            good.replace('"opened"', f'"{text}"').replace('"seq": 1', f'"seq": {seq}')
            for seq, text in ((2, "\\ud800"), (3, "a\\u0000b"))
        ]
        parts.append(
            json.dumps(self.envelope(seq=4, machine="0190f2a4-0000-4000-8000-0000000000aa"))
        )
        parts.append(json.dumps(self.envelope(seq=5)).replace('"epoch": 1', '"epoch": NaN'))
        parts.append(json.dumps(self.envelope(seq=6)).replace('"seq": 6', f'"seq": {"9" * 5000}'))
        parts.append(json.dumps({"x": "y" * 40_000}))
        body = f'{{"evt": [{good}, {", ".join(parts)}, 7, null, "x", [[]]]}}'.encode()
        answer = self.told(body)
        self.assertEqual(self.stored().mapped("seq"), [1.0])
        ack = answer["evt_ack"][0]
        codes = {entry["seq"]: entry["code"] for entry in ack["rejected"]}
        self.assertEqual(codes, {2: "schema", 3: "schema", 4: "foreign_machine"})
        self.assertEqual(len(self.refused()), 10)
        self.assertEqual(
            set(self.refused().mapped("code")), {"schema", "foreign_machine", "too_large"}
        )

    def test_another_content_under_the_same_identity(self):
        self.told({"evt": self.envelope(seq=1)})
        answer = self.told({"evt": self.envelope(seq=1, data={"state": "closed"})})
        refused = [{"seq": 1, "code": "identity_conflict"}]
        self.assertEqual(answer["evt_ack"][0]["rejected"], refused)
        self.assertEqual(self.stored().data, {"state": "opened"})

    def test_gzip(self):
        packed = gzip.compress(json.dumps({"evt": self.envelope(seq=1)}).encode())
        answer = self.told(packed, Content_Encoding="gzip")
        self.assertEqual(answer["evt_ack"][0]["ack_seq"], 1)

    def test_nothing_to_say(self):
        answer = self.told({})
        self.assertEqual((answer["evt_ack"], answer["commands"]), ([], []))
        self.assertTrue(answer["time"])
        self.assertFalse(self.events(machine_id=self.machine.id))


@tagged("post_install", "-at_install")
class TestDoorKept(DoorCommon):
    """Who does not come in, and what is not taken."""

    def test_wrong_persons(self):
        other = self.machine.copy({"serial": "door-other", "name": "Other"})
        other.action_commission()
        theirs = self.credentials._issue(other)[other]
        tries = [
            {"secret": "wrong"},
            {"secret": theirs},
            {"user": other.uuid},
            {"user": self.machine.uuid.upper()},
            {"user": "0190f2a4-0000-4000-8000-0000000000aa"},
            {"user": "admin", "secret": "admin"},
            {"user": "a\0b"},
            {"Authorization": "Basic !!!"},
            {"Authorization": "Bearer abc"},
            {"Authorization": ""},
        ]
        for attempt in tries:
            with self.subTest(attempt=attempt):
                answer = self.knock({"evt": self.envelope(seq=1)}, **attempt)
                self.assertEqual(answer.status_code, 401)
                self.assertIn("Basic", answer.headers["WWW-Authenticate"])
        self.assertFalse(self.events(machine_id=self.machine.id))
        self.assertEqual(self.url_open(PATH).status_code, 405)

    def test_a_new_secret_ends_the_earlier_one(self):
        self.told({})
        fresh = self.credentials._issue(self.machine)[self.machine]
        self.assertEqual(self.knock({}).status_code, 401)
        self.told({}, secret=fresh)

    def test_suspended_and_revoked(self):
        self.told({"birth": self.birth()})
        self.project()
        self.assertEqual(self.machine.connection_state, "online")
        self.machine.action_suspend()
        self.assertEqual(self.machine.connection_state, "offline")
        answer = self.knock({"evt": self.envelope(seq=1)})
        self.assertEqual((answer.status_code, answer.json()["code"]), (403, "suspended"))
        self.assertEqual(self.knock({}, secret="wrong").status_code, 401)
        self.machine.action_activate()
        self.told({"evt": self.envelope(seq=1)})
        self.machine.action_revoke_credential()
        answer = self.knock({"evt": self.envelope(seq=2)})
        self.assertEqual((answer.status_code, answer.json()["code"]), (403, "revoked"))
        self.assertEqual(self.stored().mapped("channel"), ["birth", "evt"])

    def test_guessing_is_slow_and_locks_nobody_out(self):
        self.told({})
        for _attempt in range(wine_bridge_knock.MOST):
            self.assertEqual(self.knock({}, secret="wrong").status_code, 401)
        answer = self.knock({}, secret="wrong")
        self.assertEqual((answer.status_code, answer.json()["code"]), (429, "locked"))
        self.assertTrue(0 < int(answer.headers["Retry-After"]) <= wine_bridge_knock.WINDOW)
        self.told({})
        who = self.env["wine.bridge.knock"].search([]).mapped("who")
        self.assertEqual(set(who), {"address 127.0.0.1", f"machine {self.machine.uuid}"})
        claim = self.url_open("/wine/device/claim", data=b'{"serial": "x", "code": "y"}')
        self.assertEqual(claim.status_code, 429)
        self.env.cr.execute("UPDATE wine_bridge_knock SET since = since - interval '61 seconds'")
        self.assertEqual(self.knock({}, secret="wrong").status_code, 401)
        self.assertEqual(set(self.env["wine.bridge.knock"].search([]).mapped("wrong")), {1})

    def test_who_knows_its_name_does_not_lock_a_machine_out(self):
        """The UUID stands in the code that consumers scan; after a restart nobody is known."""
        for _attempt in range(wine_bridge_knock.MOST + 1):
            self.env["wine.bridge.knock"]._count("198.51.100.7", self.machine.uuid)
        wine_bridge_door._right.clear()
        self.told({})

    def test_no_secret_is_none(self):
        """Where the hash is missing no word comes in, least of all one that stands in the code."""
        self.credentials.search([]).secret_hash = False
        for word in ("nobody", "", "False", "None"):
            self.assertEqual(self.knock({}, secret=word or " ").status_code, 401)

    def test_nonsense(self):
        bodies = [b" ", b"\xff", b"[]", b"7", b"{", b"[" * 20_000, b"{} {}", b'{"evt": "\xff']
        for body in bodies:
            with self.subTest(body=body[:10]):
                self.assertEqual(self.knock(body).status_code, 400)
        self.assertEqual(len(self.refused()), len(bodies))
        self.told(b'{"evt": "\xff"}')  # one message, and that is none
        self.assertEqual(self.refused().mapped("code"), ["schema"] * (len(bodies) + 1))

    def test_packed_nonsense(self):
        whole = gzip.compress(b"{}")
        for packed, encoding in (
            (b"no gzip", "gzip"),
            (whole[:-4], "gzip"),
            (whole + b"more", "gzip"),
            (whole, "br"),
        ):
            with self.subTest(packed=packed, encoding=encoding):
                answer = self.knock(packed, Content_Encoding=encoding)
                self.assertEqual(answer.status_code, 400)

    def test_too_much(self):
        bomb = gzip.compress(b'{"x": "' + b" " * 50_000_000 + b'"}')
        self.assertLess(len(bomb), door.MOST_BYTES)
        self.assertEqual(self.knock(bomb, Content_Encoding="gzip").status_code, 413)
        self.assertEqual(self.knock(b" " * (door.MOST_BYTES + 1)).status_code, 413)
        many = {"evt": [{}] * (door.MOST_MESSAGES + 1)}
        self.assertEqual(self.knock(many).status_code, 413)
        self.assertFalse(self.events(machine_id=self.machine.id))

    def test_over_its_pace(self):
        self.told({"evt": [self.envelope(seq=seq) for seq in range(1, door.MOST_MESSAGES + 1)]})
        answer = self.knock({"evt": [self.envelope(seq=seq) for seq in range(501, 901)]})
        self.assertEqual((answer.status_code, answer.json()["code"]), (429, "rate"))
        self.assertTrue(1 <= int(answer.headers["Retry-After"]) <= 8)
        self.assertEqual(len(self.stored()), door.MOST_MESSAGES)

    def test_size_and_rubbish_cost_as_over_mqtt(self):
        """A kibibyte is a message, what is refused is ten, and who waits is not even read."""
        large = {"state": "opened", "note": "x" * 30_000}
        body = {"evt": [self.envelope(seq=seq, data=large) for seq in range(1, 21)]}
        packed = gzip.compress(json.dumps(body).encode())
        self.told(packed, Content_Encoding="gzip")
        self.assertLess(self.tokens(), -50, "a debt of what was more than could be had at once")
        with patch.object(door, "read", side_effect=AssertionError("read before it was paid")):
            self.assertEqual(self.knock({"evt": []}).status_code, 429)
        self.full()
        self.told({"evt": [{}] * 40})
        self.assertLess(self.tokens(), 120)
        self.full()
        self.assertEqual(self.knock({"evt": [{}] * 501}).status_code, 413)
        self.assertEqual(self.knock(b"x" * 100_000).status_code, 400)
        self.assertLess(self.tokens(), 420)

    def tokens(self):
        return self.env["wine.bridge.door"].search([("machine_id", "=", self.machine.id)]).tokens

    def full(self):
        self.env["wine.bridge.door"].search([]).tokens = 500
        self.env.flush_all()

    def test_plain_http(self):
        """From elsewhere than the server itself only TLS will do."""
        with patch("odoo.addons.wine_device_bridge.controllers.events.is_private") as private:
            private.return_value = False
            answer = self.knock({})
        self.assertEqual((answer.status_code, answer.headers["Upgrade"]), (426, "TLS/1.2"))


@tagged("post_install", "-at_install")
class TestDoorOut(DoorCommon):
    """What waits for a machine comes with the answer."""

    def send(self, kind="machine.reboot", seconds=60):
        until = fields.Datetime.now() + timedelta(seconds=seconds)
        return self.machine._send(kind, {}, until)

    def ids(self, answer):
        return [command["id"] for command in answer["commands"]]

    def command(self, uuid):
        return self.env["wine.bridge.command"].search([("uuid", "=", uuid)])

    def test_a_command_and_its_life(self):
        first, _late = self.send(), self.send(seconds=-5)
        answer = self.told({})
        self.assertEqual(self.ids(answer), [first])
        said = answer["commands"][0]
        self.assertEqual((said["type"], said["args"]), ("machine.reboot", {}))
        self.assertTrue(said["exp"].endswith("Z"))
        self.assertEqual(self.command(first).state, "sent")
        self.assertTrue(self.command(first).door_at)
        self.assertEqual(self.ids(self.told({})), [])
        done = self.envelope("ack", {"cmd": first, "status": "succeeded"}, seq=None)
        self.told({"ack": [done]})
        self.project()
        self.assertEqual(self.command(first).state, "succeeded")

    def test_again_where_no_answer_came(self):
        uuid = self.send()
        self.assertEqual(self.ids(self.told({})), [uuid])
        self.env.cr.execute("UPDATE wine_bridge_command SET door_at = door_at - interval '16 s'")
        self.assertEqual(self.ids(self.told({})), [uuid])
        got = self.envelope("ack", {"cmd": uuid, "status": "received"}, seq=None)
        self.told({"ack": got})
        self.project()
        self.env.cr.execute("UPDATE wine_bridge_command SET door_at = door_at - interval '16 s'")
        self.assertEqual(self.ids(self.told({})), [])

    def test_commands_of_others_stay_theirs(self):
        other = self.machine.copy({"serial": "door-other", "name": "Other"})
        other._send("machine.reboot", {}, fields.Datetime.now() + timedelta(minutes=1))
        self.assertEqual(self.ids(self.told({})), [])

    def test_the_shadow_where_it_is_another_one(self):
        self.env["wine.bridge.command"].search([("channel", "=", "desired")]).state = "expired"
        self.assertNotIn("desired", self.told({}))
        self.machine._publish_desired()
        planogram = self.machine.planogram_id
        answer = self.told({})
        self.assertEqual(answer["desired"]["version"], planogram.version)
        self.assertNotIn("desired", self.told({"desired_version": planogram.version}))
        self.assertEqual(answer["desired"]["planogram"][0]["slot"], "A1")
        older = self.told({"desired_version": planogram.version - 1})
        self.assertEqual(older["desired"], answer["desired"])

    def test_silence(self):
        """A machine that lives by the door is offline when it falls silent, and back by itself."""
        Door = self.env["wine.bridge.door"]
        self.told({"birth": self.birth()})
        self.project()
        Door._cron_silent()
        self.assertEqual(self.machine.connection_state, "online")
        self.silent()
        Door._cron_silent()
        self.assertEqual(self.machine.connection_state, "offline")
        self.told({})
        self.assertEqual(self.machine.connection_state, "online")
        self.told({"state": self.envelope("state", {"state": "offline"}, seq=None)})
        self.project()
        self.assertEqual(self.machine.connection_state, "offline")
        self.assertFalse(Door.search([("machine_id", "=", self.machine.id)]).awake)

    def test_silence_of_one_that_went_to_mqtt(self):
        self.told({"birth": self.birth()})
        self.silent()
        self.store(self.publish(self.birth(), "birth"))
        self.project()
        self.env["wine.bridge.door"]._cron_silent()
        self.assertEqual(self.machine.connection_state, "online")

    def silent(self):
        self.env.cr.execute(
            "UPDATE wine_bridge_door SET seen_at = seen_at - interval '181 seconds'"
        )
        self.env.invalidate_all()
