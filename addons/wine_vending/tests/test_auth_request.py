# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from odoo.tests import tagged

from ..core.auth import AuthRequest, Deny, Offer
from ..models.wine_machine_auth import WineMachine
from .common import WineCommon


@tagged("post_install", "-at_install")
class TestAuthRequest(WineCommon):
    """The hook that wings fill: complete answers, whoever answers which kind."""

    def request(self, kind="member", machine=None):
        return AuthRequest(machine or self.machine, f"r-{kind}", kind, "secret 1234")

    def answers(self, *requests):
        return self.env["wine.machine"]._auth_answers(list(requests))

    def test_nothing_is_offered_by_itself(self):
        request = self.request()
        answer = self.answers(request)[request]
        self.assertEqual(answer.code, "unsupported")
        self.assertIn("not offered", answer.text)

    def test_a_wing_answers_what_it_knows_and_leaves_the_rest(self):
        inner = WineMachine._auth_request

        def wing(machines, requests):
            known = [request for request in requests if request.kind == "member"]
            rest = [request for request in requests if request.kind != "member"]
            return {
                **(inner(machines, rest) if rest else {}),
                **{request: Offer("Ann") for request in known},
            }

        member, pickup = self.request(), self.request("pickup")
        with patch.object(WineMachine, "_auth_request", wing):
            answers = self.answers(member, pickup)
        self.assertEqual(answers[member], Offer("Ann"))
        self.assertEqual(answers[pickup].code, "unsupported")

    def test_what_a_wing_forgets_is_denied(self):
        member, pickup = self.request(), self.request("pickup")
        with patch.object(WineMachine, "_auth_request", lambda _s, _r: {member: Offer("Ann")}):
            answers = self.answers(member, pickup)
        self.assertEqual(answers[pickup].code, "unsupported")

    def test_two_machines_may_ask_under_one_number(self):
        """A request is itself, not its number: a machine cannot take another one's answer."""
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        mine, theirs = self.request(), self.request(machine=other)
        offer = Offer("Ann")
        with patch.object(WineMachine, "_auth_request", lambda _s, _r: {mine: offer}):
            answers = self.answers(mine, theirs)
        self.assertEqual(answers[mine], offer)
        self.assertIsInstance(answers[theirs], Deny)

    def test_a_machine_out_of_service(self):
        self.machine.action_suspend()
        request = self.request()
        with patch.object(WineMachine, "_auth_request", side_effect=AssertionError):
            self.assertEqual(self.answers(request)[request].code, "maintenance")

    def test_every_denial_has_words(self):
        for code in ("unsupported", "maintenance", "timeout", "error"):
            self.assertTrue(self.machine._auth_deny(code).text)

    def test_the_token_is_not_printed(self):
        self.assertNotIn("1234", repr(self.request()))
        self.assertNotIn("1234", str(self.request()))
