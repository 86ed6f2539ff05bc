# SPDX-License-Identifier: LGPL-3.0-or-later
"""Everything that machines are told keeps the published contract, at both ways out."""

import json
import threading
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from uuid import uuid4

from odoo import fields
from odoo.addons.wine_vending.core.auth import Offer
from odoo.tests import tagged

from ..core import schema
from ..core.commands import KINDS
from ..models.wine_bridge_door import Account
from ..process.outbox import Outbox
from ..process.settings import Settings
from .test_auth import answering
from .test_firmware_campaign import CampaignCommon

FOLDER, END = "commands/", ".schema.json"
#: the types of the contract: one that is added needs a way to make it, below
TYPES = sorted(
    path.removeprefix(FOLDER).removesuffix(END)
    for path in schema.schemas()
    if path.startswith(FOLDER)
)


class Told:
    """The link to the broker: what leaves, as bytes."""

    def __init__(self, topics):
        self.topics = topics
        self.said = []

    def say(self, topic, message, **how):
        self.said.append((topic, json.dumps(message).encode(), how))
        return SimpleNamespace()


@tagged("post_install", "-at_install")
class TestToldContract(CampaignCommon):
    """Each type is made as the product makes it, then read off the outbox and the HTTPS door."""

    def setUp(self):
        super().setUp()
        self.env["wine.bridge.command"].search([("state", "=", "queued")]).state = "expired"

    # === MAKING === #

    def make(self, kind):
        """Bring the product to say it; returns the machine that is told."""
        way = getattr(self, "make_" + kind.replace(".", "_"), None)
        return (way() if way else self.by_hand(kind)) or self.machine

    def by_hand(self, kind, **values):
        guide = self.env["wine.command.new"].create(
            {"machine_id": self.machine.id, "kind": kind, "reason": "A test", **values}
        )
        guide.action_send()

    def make_event_resend(self):
        self.by_hand("event.resend", from_seq=3, to_seq=5)

    def make_vend_authorize(self):
        vend = self.env["wine.vend"]._reserve(self.slot(self.machine, "A1"), "qr")
        vend._authorise()
        return vend.machine_id

    def make_vend_cancel(self):
        vend = self.env["wine.vend"]._reserve(self.slot(self.machine, "A1"), "qr")
        vend._authorise()
        vend.expires_at = fields.Datetime.now() - timedelta(seconds=1)
        vend._cron_expire()

    def ask(self, make=None):
        data = {"request_id": str(uuid4()), "kind": "member", "token": "card 4929"}
        self.store(self.publish(self.envelope("auth.request", data)))
        question = self.env["wine.bridge.auth"].search([("request_id", "=", data["request_id"])])
        if make:
            with answering(make):
                question._decide()
        else:
            question._decide()

    def make_auth_offer(self):
        self.ask(lambda _request: Offer("Ann", ("A1",), "12.50", "EUR"))

    def make_auth_deny(self):
        self.ask()

    def make_firmware_update(self):
        one = self.machines[:1]
        self.started(machine_ids=one.ids, stop_least=100)
        return one

    # === HEARING === #

    def sent(self, machine):
        """What the bridge's sender publishes below the machine's ``down``: [(message, expiry)]."""
        link = Told(self.topics)
        sender = Outbox(link, Settings(database=self.env.cr.dbname), threading.Event(), None)
        self.env.flush_all()
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        for row in sender._take(self.env.cr):
            sender._publish(row, now)
        topic = f"wine/v1/test/{machine.uuid}/down/cmd"
        return [(json.loads(raw), how["expiry"]) for at, raw, how in link.said if at == topic]

    def fetched(self, machine):
        """What the HTTPS door hands out."""
        account = Account(machine.id, machine.uuid, 1)
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        return json.loads(json.dumps(self.env["wine.bridge.door"]._commands(account, now)))

    def check(self, kind, machine):
        """Returns the message; it is the same at both ways out, and lives for a while."""
        sent = self.sent(machine)
        fetched = self.fetched(machine)
        self.assertEqual([message for message, _expiry in sent], fetched)
        said = [message for message in fetched if message["type"] == kind]
        self.assertEqual(len(said), 1, f"{kind} was not told once: {fetched}")
        self.assertIsNone(schema.fault("cmd", said[0]))
        self.assertTrue(all(expiry > 0 for _message, expiry in sent))
        return said[0]

    # === TESTS === #

    def test_every_type_of_the_contract(self):
        self.assertEqual(len(TYPES), 13)
        for kind in TYPES:
            with self.subTest(kind):
                self.env["wine.bridge.command"].search([("state", "=", "queued")]).state = "expired"
                message = self.check(kind, self.make(kind))
                self.check_that_it_can_fail(kind, message)

    def check_that_it_can_fail(self, kind, message):
        """Without any part that the contract demands, it would have been found."""
        for name in ("id", "exp", "args"):
            self.assertTrue(schema.fault("cmd", {**message, name: None}), (kind, name))
        demanded = schema.schemas()[f"{FOLDER}{kind}{END}"]["properties"]["args"].get("required")
        for name in demanded or ():
            args = {key: value for key, value in message["args"].items() if key != name}
            self.assertTrue(schema.fault("cmd", {**message, "args": args}), (kind, name))

    def test_the_life_of_a_machine_tells_it_to_stop_and_to_go_on(self):
        self.machine.action_suspend()
        self.check("machine.lock", self.machine)
        self.env["wine.bridge.command"].search([("state", "=", "queued")]).state = "sent"
        self.env.cr.execute("UPDATE wine_bridge_command SET door_at = now() AT TIME ZONE 'UTC'")
        self.machine.action_activate()
        self.check("machine.unlock", self.machine)

    def test_what_people_may_tell_is_of_the_contract(self):
        self.assertLessEqual(set(KINDS), set(TYPES))
        offered = dict(self.env["wine.command.new"]._selection_kind())
        self.assertEqual(set(offered), set(KINDS))
