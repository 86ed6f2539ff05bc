# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.tests import tagged

from .late import LateCommon


@tagged("post_install", "-at_install")
class TestVendLateWordFirst(LateCommon):
    """The machine speaks before anybody decided: it is settled, and the case closes itself."""

    def settled(self, word, **values):
        vend = self.unheard(**values)
        case = vend.case_ids
        self.word(vend, word)
        return vend, case

    def test_a_word_that_settles_it_closes_the_case_with_a_note(self):
        for word, state, kept, qty in (
            ("success", "captured", 360.0, 7),
            ("fewer", "captured", 240.0, 8),
            ("partial", "captured", 240.0, 8),
            ("partial of nothing", "voided", 0.0, 10),
            ("failed", "voided", 0.0, 10),
        ):
            with self.subTest(word=word):
                vend, case = self.settled(word)
                self.assertEqual((vend.state, case.state), (state, "decided"))
                self.assertIn("told", case.decision)
                self.assertIn(vend._label("state"), case.decision)
                self.assertTrue(case.decided_at)
                self.assertEqual(vend.case_ids, case)
                self.assertEqual(sum(vend.order_ids.mapped("amount_total")), kept)
                self.assertEqual(vend.slot_id.qty, qty)
                self.assertFalse(vend.decided_at, "nobody decided")
                calls = [call[0] for call in self.paid if call[1] == vend.uuid]
                self.assertEqual(calls, ["capture"] if kept else ["void"])

    def test_the_note_is_in_the_history_of_the_case(self):
        vend = self.unheard()
        data = {"vend_id": vend.uuid, "slot": "A1", "slot_state": "ok"}
        fact = self.fact(self.machine, "vend.result", {**data, "outcome": "failed", "qty": 0})
        self.env.cr.precommit.run()
        self.env(context={})["wine.machine"]._project([fact])
        self.env.cr.precommit.run()
        self.env.invalidate_all()
        told = vend.case_ids.message_ids.sudo().tracking_value_ids.mapped("new_value_char")
        self.assertIn(vend.case_ids.decision, told)

    def test_refused_before_the_motor_moved(self):
        vend, case = self.settled("rejected", words=("accepted",))
        self.assertEqual((vend.state, vend.payment_state), ("voided", "voided"))
        self.assertEqual((vend.reject_code, case.state), ("maintenance", "decided"))
        self.assertIn(("void", vend.uuid), self.paid)
        self.word(vend, "success")
        self.assertEqual(self.questions(vend).kind, "late", "and a bottle after all is a case")

    def test_refused_after_the_motor_moved_is_two_things_said(self):
        for words in (("accepted", "started"), ("accepted", "started", "unknown")):
            vend = self.unheard() if len(words) == 2 else self.begun(words)
            self.word(vend, "rejected")
            self.assertEqual((vend.state, vend.payment_state), ("unknown", "authorised"))
            self.assertEqual(set(vend.case_ids.mapped("kind")), {"unknown", "conflict"})
            self.assertEqual(set(vend.case_ids.mapped("state")), {"open"})

    def test_refused_after_it_was_sold_is_two_things_said(self):
        vend = self.begun()
        self.word(vend, "success")
        before = self.money(vend)
        self.word(vend, "rejected")
        self.assertEqual(self.money(vend), before)
        self.assertEqual(vend.case_ids.kind, "conflict")

    def test_the_machine_does_not_know_either(self):
        vend, case = self.settled("unknown")
        self.assertEqual((vend.state, vend.outcome), ("unknown", "unknown"))
        self.assertEqual((vend.payment_state, case.state), ("authorised", "open"))
        self.assertEqual(vend.case_ids, case, "the same question is asked once")
        self.word(vend, "unknown")
        self.assertEqual(vend.case_ids, case)

    def test_steps_that_come_late_settle_nothing(self):
        vend, case = self.settled("started", words=("accepted",))
        self.assertEqual((vend.state, case.state), ("unknown", "open"))
        self.assertTrue(vend.started_at)

    def test_who_decides_a_case_that_is_settled_already_changes_nothing(self):
        """A page that was open meanwhile, and a case that had stayed open from before."""
        vend, case = self.settled("success")
        before, words = self.money(vend), case.decision
        case.action_did_not()
        self.assertEqual((self.money(vend), case.decision), (before, words))
        case.write({"state": "open", "decision": False})
        case.action_did_not()
        self.assertEqual((self.money(vend), case.decision), (before, words))

    def test_a_complaint_that_waits_is_answered_when_the_machine_says_it_failed(self):
        vend = self.unheard()
        complaint = self.complain(vend)
        complaint._assess()
        self.assertEqual(complaint.state, "in_case")
        self.word(vend, "failed")
        self.assertIn(complaint, complaint._waiting_for_machine())
        complaint._look_again()
        self.assertEqual((complaint.state, complaint.resolution), ("resolved", "none"))
        self.assertEqual(set(vend.case_ids.mapped("state")), {"decided"})
        self.assertFalse(vend.order_ids)


@tagged("post_install", "-at_install")
class TestLocalLateWord(LateCommon):
    """The same with a sale that was paid at the machine, which holds the money."""

    def decided(self, came_out, pay="card"):
        first = self.local(self.machine, outcome="unknown", pay=pay)
        vend = self.project(first)
        (vend.case_ids.action_came_out if came_out else vend.case_ids.action_did_not)()
        return vend, first.data

    def again(self, data, outcome, **more):
        fact = self.fact(self.machine, "vend.local", {**data, "outcome": outcome, **more})
        fact.position = (1, self.next_seq())
        self.project(fact)
        return fact

    def test_each_decision_and_each_word(self):
        for came_out, outcome, kind, slot in (
            (True, "success", [], 9),
            (True, "unknown", [], 9),
            (True, "failed", ["conflict"], 9),
            (False, "failed", [], 10),
            (False, "unknown", [], 10),
            (False, "success", ["late"], 9),
        ):
            with self.subTest(came_out=came_out, outcome=outcome):
                self.slot(self.machine, "A1").qty = 10
                vend, data = self.decided(came_out)
                before = self.money(vend)
                for _again in range(2):
                    self.again(data, outcome)
                    self.assertEqual(self.money(vend), before)
                    self.assertEqual(self.questions(vend).mapped("kind"), kind)
                    self.assertEqual(vend.slot_id.qty, slot)
                self.assertEqual(self.questions(vend).mapped("amount"), [120.0] * len(kind))

    def test_money_that_went_back_on_both_sides_is_seen(self):
        """The machine gave the coins back by itself, and we owe a voucher besides."""
        vend, data = self.decided(False, pay="cash")
        self.assertEqual(vend.case_ids.filtered(lambda case: case.kind == "owed").amount, 120.0)
        self.again(data, "failed", refunded=True)
        case = self.questions(vend)
        self.assertEqual((case.kind, case.amount), ("conflict", 120.0))

    def test_nonsense_about_a_decided_sale_is_refused(self):
        vend, data = self.decided(True)
        for more in ({"outcome": "perhaps"}, {"outcome": "success", "qty": "many"}):
            fact = self.fact(self.machine, "vend.local", {**data, **more})
            self.project(fact)
            self.assertTrue(fact.result.startswith("failed"), fact.result)
        self.assertFalse(vend.told_outcome and vend.told_outcome != "unknown")
