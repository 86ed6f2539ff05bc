# SPDX-License-Identifier: LGPL-3.0-or-later
"""Questions at machines: stored with their event, answered once, tokens never kept."""

import json
from datetime import datetime, timedelta, timezone
from unittest.mock import patch
from uuid import uuid4

from odoo.addons.wine_vending.core.auth import Authorised, Deny, Offer
from odoo.addons.wine_vending.models.wine_machine_auth import WineMachine
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..core import envelope, schema
from ..models import wine_bridge_auth
from ..models.wine_bridge_auth import AlreadyAnswered
from ..process import asked
from .common import BridgeCommon

TOKEN = "card 4929 1234"  # noqa: S105


def answering(make):
    """Patch the wings: ``make(request)`` is the answer to each request."""
    return patch.object(
        WineMachine,
        "_auth_request",
        lambda _self, requests: {request: make(request) for request in requests},
    )


@tagged("post_install", "-at_install")
class TestAuth(BridgeCommon):
    """The inbox side and the deciding side of a question."""

    def ask(self, request_id=None, kind="member", machine=None, data=None, **values):
        request_id = request_id or str(uuid4())
        content = self.envelope(
            "auth.request",
            {"request_id": request_id, "kind": kind, "token": TOKEN, **(data or {})},
            **values,
        )
        self.told_ts = content["ts"]
        self.store(self.publish(content, machine=machine))
        return self.env["wine.bridge.auth"].search([("request_id", "=", request_id)])

    def decide(self, *rows):
        for row in rows:
            row._decide()
        self.env.flush_all()
        self.env.invalidate_all()

    # === STORING === #

    def test_a_question_is_put_aside_with_its_event(self):
        row = self.ask(data={"slot": "A1"})
        self.assertEqual((row.state, row.kind, row.slot_code), ("new", "member", "A1"))
        self.assertEqual((row.machine_id, row.token), (self.machine, TOKEN))
        event = self.events(event_id=row.event_id)
        self.assertEqual(event.data["token"], "***")
        self.assertEqual(event.data["slot"], "A1")

    def test_the_same_token_has_the_same_mark(self):
        first, second = self.ask(), self.ask()
        other = self.ask(data={"token": "another"})
        self.assertEqual(first.token_mark, second.token_mark)
        self.assertIn(first.token_mark, first.display_name)
        self.assertNotIn(first.request_id, first.display_name)
        self.assertNotEqual(first.token_mark, other.token_mark)
        self.assertNotIn(first.token_mark, TOKEN)

    def test_the_same_question_in_two_messages_is_one(self):
        row = self.ask()
        self.ask(row.request_id)
        rows = self.env["wine.bridge.auth"].search([("request_id", "=", row.request_id)])
        self.assertEqual(len(rows), 1)

    def test_the_same_message_twice_is_one(self):
        content = self.envelope(
            "auth.request", {"request_id": str(uuid4()), "kind": "member", "token": TOKEN}
        )
        self.store(self.publish(content))
        result = self.store(self.publish(content))
        self.assertEqual((result.duplicates, result.quarantined), (1, 0))
        asked_for = [("request_id", "=", content["data"]["request_id"])]
        self.assertEqual(self.env["wine.bridge.auth"].search_count(asked_for), 1)

    def test_another_machine_may_use_the_same_number(self):
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        row = self.ask()
        self.ask(row.request_id, machine=other)
        rows = self.env["wine.bridge.auth"].search([("request_id", "=", row.request_id)])
        self.assertEqual(rows.machine_id, self.machine | other)

    def test_what_is_over_is_kept_and_not_asked(self):
        for values in ({"hist": True}, {"ts": self.ago(seconds=30)}, {"ts": self.ago(days=2)}):
            with self.subTest(values=values):
                row = self.ask(**values)
                self.assertEqual((row.state, row.token), ("late", False))
        self.assertEqual(self.ask(ts=self.ago(seconds=5)).state, "new", "a clock is never exact")
        drifted = self.ask(ts=self.ago(days=2), ts_q="drifted")
        self.assertEqual(drifted.state, "new", "a clock that says itself that it is wrong")

    def test_no_token_in_quarantine(self):
        content = self.envelope(
            "auth.request", {"request_id": "no uuid", "kind": "member", "token": 'a"b\\ ' + TOKEN}
        )
        self.store(self.publish(content))
        event = self.events(state="quarantined")[-1:]
        self.assertIn('"token": "***"', event.payload)
        self.assertNotIn("4929", event.payload + event.result)
        cut = asked.text_without_token('{"token": "49291234')
        self.assertNotIn("4929", cut, "a payload that was cut off in the middle of it")

    def test_no_token_in_quarantine_however_it_is_written(self):
        asking = {"request_id": str(uuid4()), "kind": "member"}
        for token in (49291234, ["49291234", 7], {"code": "49291234"}, 49291234.5, "49291234"):
            content = self.envelope("auth.request", {**asking, "token": token}, seq=0)
            text = json.dumps(content)
            for payload in (
                text,
                text.replace('"token"', '"\\u0074oken"'),
                f"[{text}]",
                json.dumps(text),
            ):
                with self.subTest(payload=payload):
                    self.store(self.publish(payload.encode()))
                    event = self.events(state="quarantined")[-1:]
                    self.assertNotIn("49291234", f"{event.payload}{event.result}{event.fault_html}")
        for text in (
            '{"token": 49291234',
            '{"token": [49291234, 7], ',
            '{"a": {"token" : 49291234}, }',
        ):
            self.assertNotIn("49291234", asked.text_without_token(text))

    def test_the_fingerprint_does_not_give_the_token_away(self):
        """Whoever reads the inbox knows all of the message but a few digits of its token."""
        row = self.ask(data={"token": "4929"})
        event = self.events(event_id=row.event_id)
        said = {
            **{"id": event.event_id, "epoch": event.epoch, "seq": int(event.seq)},
            **{"boot": event.boot, "ts": self.told_ts, "ts_q": event.time_quality},
            **{"type": event.type, "data": {**event.data, "token": "4929"}},
        }
        self.assertNotEqual(envelope.digest(said), event.digest)

    def test_another_token_under_the_same_identity_is_a_conflict(self):
        asking = {"request_id": str(uuid4()), "kind": "member", "token": "4929"}
        content = self.envelope("auth.request", asking)
        self.store(self.publish(content))
        self.assertEqual(self.store(self.publish({**content, "hist": True})).duplicates, 1)
        other = {**content, "data": {**asking, "token": "4930"}}
        self.assertEqual(self.store(self.publish(other)).codes, {"identity_conflict": 1})
        refused = self.events(state="quarantined")[-1:]
        with self.assertRaises(UserError):
            refused._take_in(json.dumps(other), "why not")
        refused._take_in(json.dumps(content), "it is the first one")
        self.assertEqual(refused.twin_id, self.events(event_id=content["id"]))

    def test_projecting_it_changes_nothing(self):
        row = self.ask()
        self.project()
        event = self.events(event_id=row.event_id)
        self.assertEqual((event.state, event.result), ("done", False))
        self.assertEqual(row.state, "new")

    # === DECIDING === #

    def test_nothing_is_offered_by_itself(self):
        row = self.ask()
        self.decide(row)
        self.assertEqual((row.state, row.answer, row.code), ("done", "deny", "unsupported"))
        self.assertEqual(row.command_id.type, "auth.deny")
        self.assertEqual(row.command_id.args["request_id"], row.request_id)
        self.assertFalse(row.token, "the token is forgotten with the answer")
        self.assertLess(row.seconds, 60)

    def test_an_offer(self):
        row = self.ask()
        with answering(lambda _request: Offer("Ann", ("A1",), "12.50", "EUR")):
            self.decide(row)
        self.assertEqual((row.answer, row.text), ("offer", "Ann"))
        command = row.command_id
        self.assertEqual(command.args["slots"], ["A1"])
        message = {"id": command.uuid, "type": command.type, "args": command.args}
        message["exp"] = f"{command.expires_at.isoformat()}Z"
        self.assertIsNone(schema.fault("cmd", message))
        self.assertLess(command.expires_at, datetime.now() + timedelta(seconds=15))

    def test_a_vend(self):
        row = self.ask()

        def sell(_request):
            vend = self.env["wine.vend"]._reserve(self.slot(self.machine, "A1"), "wallet")
            vend._authorise(age_checked=True)
            return Authorised(vend)

        with answering(sell):
            self.decide(row)
        self.assertEqual((row.answer, row.vend_id.state), ("vend", "authorised"))
        self.assertEqual(row.command_id.args["vend_id"], row.vend_id.uuid)

    def test_what_the_wing_hears(self):
        heard = []
        with answering(heard.append):
            self.decide(self.ask(kind="pickup", data={"slot": "A2"}))
        (request,) = heard
        self.assertEqual((request.kind, request.token, request.slot), ("pickup", TOKEN, "A2"))
        self.assertEqual(request.machine, self.machine)
        self.assertNotIn("4929", repr(request))

    def test_answers_that_are_none(self):
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        vend = self.env["wine.vend"]._reserve(self.slot(other, "A1"), "wallet")
        vend._authorise()
        wrong = ["yes", Offer("Ann", (), "much"), Offer("Ann", (), 5.0), Authorised(vend)]
        for answer in wrong:
            error = TypeError if answer == "yes" else ValueError
            with self.subTest(answer=answer), self.assertRaises(error):
                row = self.ask()
                with answering(lambda _request, answer=answer: answer), self.cr.savepoint():
                    self.decide(row)

    def test_answered_once(self):
        row = self.ask()
        self.decide(row)
        with self.assertRaises(AlreadyAnswered):
            row._decide()
        self.assertEqual(len(self.told(row)), 1)

    def told(self, row):
        return self.env["wine.bridge.command"].search(
            [("machine_id", "=", self.machine.id), ("type", "like", "auth.%")]
        )

    def test_a_machine_out_of_service_is_denied_without_asking(self):
        self.machine.action_suspend()
        row = self.ask()
        with patch.object(WineMachine, "_auth_request", side_effect=AssertionError):
            self.decide(row)
        self.assertEqual((row.answer, row.code), ("deny", "maintenance"))

    def test_a_machine_that_guesses_is_not_asked_for_any_more(self):
        """Codes to pick something up are short; with its credential anybody asks 50 a second."""
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        other.action_activate() if other.state != "active" else None
        asked_for = []

        def answer(request):
            asked_for.append(request.token)
            return Deny("unknown_token", "No.") if request.token == TOKEN else Offer("Ann")

        with answering(answer), patch.object(wine_bridge_auth, "WRONG", 3):
            self.decide(*[self.ask(kind="pickup") for _n in range(3)])
            late = self.ask(kind="voucher", data={"token": "4929"})
            self.decide(late)
            self.assertEqual((late.answer, late.code), ("deny", "too_many"))
            self.assertEqual(len(asked_for), 3)
            theirs = self.ask(machine=other, data={"token": "right"})
            self.decide(theirs)
            self.assertEqual(theirs.answer, "offer")
            wrong = self.env["wine.bridge.auth"].search([("code", "=", "unknown_token")])
            wrong.answered_at = datetime.now() - timedelta(minutes=11)
            again = self.ask(data={"token": "right"})
            self.decide(again)
            self.assertEqual(again.answer, "offer", "it is asked for again after a while")

    def test_what_the_platform_itself_denied_is_no_guess(self):
        with patch.object(wine_bridge_auth, "WRONG", 1):
            self.decide(self.ask())
            row = self.ask()
            self.decide(row)
            self.assertEqual(row.code, "unsupported")

    def test_in_the_language_of_the_machine(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.region.company_id.partner_id.lang = "zh_CN"
        self.region.operator_partner_id = self.env["res.partner"].create(
            {"name": "Operator", "lang": "zh_CN"}
        )
        self.assertEqual(self.machine._consumer_lang(), "zh_CN")
        self.region.operator_partner_id.lang = False
        self.region.company_id.partner_id.lang = "xx_YY"
        self.assertEqual(self.machine._consumer_lang(), "en_US")

    # === TIME AND TROUBLE === #

    def test_what_is_overdue_is_denied_once(self):
        rows = self.ask() | self.ask()
        rows[0].state = "asked"
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        early = self.env["wine.bridge.auth"]._deny_overdue(now - timedelta(seconds=60))
        self.assertFalse(early & rows)
        self.env["wine.bridge.auth"]._deny_overdue(now + timedelta(seconds=1))
        self.env.invalidate_all()
        self.assertEqual(set(rows.mapped("code")), {"timeout"})
        self.assertEqual(len(self.told(rows)), 2)
        with self.assertRaises(AlreadyAnswered):
            rows[0]._decide()

    def test_what_failed_is_denied_and_is_one_case(self):
        rows = self.ask() | self.ask()
        rows._deny_failed("RuntimeError: no such table.")
        self.assertEqual(set(rows.mapped("code")), {"error"})
        case = self.env["wine.case"].search([("reference", "=", f"auth-{self.machine.uuid}")])
        self.assertEqual((len(case), case.machine_id), (1, self.machine))
        self.assertIn("no such table", case.text)

    def test_old_questions_are_forgotten(self):
        old, young = self.ask(), self.ask()
        old.received_at = datetime.now() - timedelta(days=100)
        self.env["wine.bridge.auth"]._cron_forget()
        self.assertFalse(old.exists())
        self.assertTrue(young.exists())

    def test_nobody_reads_a_token(self):
        row = self.ask()
        admin = self.env.ref("base.user_admin")
        admin.group_ids |= self.env.ref("wine_vending.group_wine_admin")
        mine = row.with_user(admin)
        self.assertNotIn("token", mine.fields_get())
        self.assertNotIn(TOKEN, json.dumps(mine.read(), default=str))
