# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .late import WORDS, LateCommon

#: what a person may have decided: (state, payment, bottles sold, money that stays)
DECIDED = {
    "came out": ("captured", "captured", 3, 360.0),
    "did not": ("voided", "voided", 0, 0.0),
    "complaint": ("voided", "voided", 0, 0.0),
    "sold, then refunded": ("refunded", "refunded", 3, 0.0),
}
#: (decision, word) → (kind of the case, amount at stake); what is not named here opens none
DIFFER = {
    ("came out", "fewer"): ("conflict", 120.0),
    ("came out", "partial"): ("conflict", 120.0),
    ("came out", "partial of nothing"): ("conflict", 360.0),
    ("came out", "failed"): ("conflict", 360.0),
    ("came out", "rejected"): ("conflict", 360.0),
    ("sold, then refunded", "fewer"): ("conflict", 0.0),
    ("sold, then refunded", "partial"): ("conflict", 0.0),
    ("sold, then refunded", "partial of nothing"): ("conflict", 0.0),
    ("sold, then refunded", "failed"): ("conflict", 0.0),
    ("sold, then refunded", "rejected"): ("conflict", 0.0),
    ("did not", "success"): ("late", 360.0),
    ("did not", "fewer"): ("late", 240.0),
    ("did not", "partial"): ("late", 240.0),
    ("complaint", "success"): ("late", 360.0),
    ("complaint", "fewer"): ("late", 240.0),
    ("complaint", "partial"): ("late", 240.0),
}
#: bottles that came out after all, though it was decided that none did
OUT = {"success": 3, "fewer": 2, "partial": 2}


@tagged("post_install", "-at_install")
class TestVendLateWord(LateCommon):
    """A person has decided a vend that nobody heard of any more; then the machine speaks."""

    def test_each_decision_and_each_word(self):
        """The decision stands to the cent; what differs is a case, what agrees is nothing."""
        for decision, expected in DECIDED.items():
            for word in WORDS:
                with self.subTest(decision=decision, word=word):
                    self.check(decision, word, expected)

    def check(self, decision, word, expected):
        vend = self.unheard()
        self.decide(vend, decision)
        before, slot = self.money(vend), vend.slot_id
        state, payment, bottles, kept = expected
        self.assertEqual((vend.state, vend.payment_state), (state, payment))
        self.assertEqual(sum(before[5]), kept)
        self.assertEqual(slot.qty, 10 - bottles)
        for _again in range(2):
            self.word(vend, word)
            self.assertEqual(self.money(vend), before)
            cases = self.questions(vend)
            differ = DIFFER.get((decision, word))
            self.assertEqual([(one.kind, one.amount) for one in cases], [differ] * bool(differ))
            self.assertEqual(set(cases.mapped("state")), {"open"} if differ else set())
            out = OUT.get(word, 0) if differ and differ[0] == "late" else 0
            self.assertEqual(slot.qty, 10 - bottles - out, "a bottle leaves its slot once")
            self.assertEqual(vend.qty_done, bottles + out)

    def test_an_agreeing_word_is_kept_as_evidence(self):
        vend = self.unheard()
        self.decide(vend, "came out")
        self.assertTrue(vend.decided_at)
        self.assertFalse(vend.told_outcome)
        self.assertEqual(self.word(vend, "success").result, "done")
        self.assertEqual(vend.told_outcome, "success")
        self.assertEqual(self.word(vend, "success").result, "duplicate")

    def test_the_timeline_tells_decision_and_word_apart(self):
        vend = self.unheard()
        self.decide(vend, "came out")

        def outcomes():
            vend.invalidate_recordset(["timeline"])
            steps = [step for step in vend.timeline if step["title"].startswith("Outcome")]
            return [(step["title"], step["who"]) for step in steps]

        self.assertEqual(outcomes(), [], "the machine has said nothing of it")
        self.word(vend, "failed")
        self.assertEqual(outcomes(), [("Outcome: Failed", "Machine")])

    def test_a_question_that_was_answered_is_not_asked_again_by_the_same_word(self):
        vend = self.unheard()
        self.decide(vend, "came out")
        self.word(vend, "failed")
        self.questions(vend).action_close()
        self.assertEqual(self.word(vend, "failed").result, "duplicate")
        self.assertEqual(len(self.questions(vend)), 1)
        self.word(vend, "partial")
        self.assertEqual(set(self.questions(vend).mapped("state")), {"open", "decided"})

    def test_a_person_gives_the_money_back_once_the_machine_denies_the_sale(self):
        vend = self.unheard()
        self.decide(vend, "came out")
        self.word(vend, "failed")
        self.assertIn("failed", self.questions(vend).text)
        vend.action_refund()
        self.assertEqual((vend.state, vend.amount_refunded), ("refunded", 360.0))
        self.word(vend, "failed")
        self.assertEqual(vend.order_ids.sorted("id").mapped("amount_total"), [360.0, -360.0])
        refunds = [call for call in self.paid if call[0] == "refund"]
        self.assertEqual(refunds, [("refund", vend.uuid, 360.0)])

    def test_part_was_given_back_before_the_machine_denied_the_sale(self):
        """What is left is at stake, no more."""
        vend = self.unheard()
        self.decide(vend, "came out")
        vend._refund(amount=120.0)
        self.word(vend, "partial")
        self.assertEqual(self.questions(vend).amount, 0.0)
        self.assertIn("Nothing more is to be given back", self.questions(vend).text)
        other = self.unheard(code="B1")
        self.decide(other, "came out")
        other._refund(amount=120.0)
        self.word(other, "failed")
        self.assertEqual(self.questions(other).amount, 240.0)
        self.assertIn("on the vend's form", self.questions(other).text)

    def test_a_part_that_did_not_come_out_goes_back_by_a_complaint(self):
        vend = self.unheard()
        self.decide(vend, "came out")
        self.word(vend, "partial")
        self.assertIn("by a complaint about this vend", self.questions(vend).text)
        complaint = self.complain(vend)
        complaint.amount_decided = self.questions(vend).amount
        complaint.action_give_back()
        self.assertEqual((vend.state, vend.amount_refunded), ("captured", 120.0))
        self.assertEqual(vend.order_ids.sorted("id").mapped("amount_total"), [360.0, -120.0])

    def test_all_late_words_in_one_batch(self):
        """A board that comes back replays its journal; a second one is told by another vend."""
        sold, given = self.unheard(), self.unheard(code="B1")
        self.decide(sold, "did not")
        given.case_ids.action_did_not()
        facts = []
        for vend in (sold, given):
            data = {"vend_id": vend.uuid, "slot": vend.slot_code, "slot_state": "ok"}
            for name in ("accepted", "started", "success", "success"):
                kind, more = WORDS[name]
                fact = self.fact(self.machine, kind, {**data, **more})
                fact.position = (1, self.next_seq())
                facts.append(fact)
        self.project(*facts)
        for vend in (sold, given):
            self.assertEqual(self.questions(vend).mapped("amount"), [360.0])
            self.assertEqual((vend.slot_id.qty, vend.state), (7, "voided"))
            self.assertFalse(vend.order_ids)

    def test_a_count_between_has_seen_the_bottle_gone(self):
        """Neither the decision nor the late word takes it out of the slot a second time."""
        for decision in ("came out", "did not"):
            with self.subTest(decision=decision):
                vend = self.unheard()
                vend.moment = fields.Datetime.now() - timedelta(hours=25)
                at = (1, self.next_seq())
                row = {"slot": "A1", "sku": "T-RED", "before": 7, "filled": 3, "removed": 0}
                count = self.fact(
                    self.machine,
                    "restock.done",
                    {"by": "x", "slots": [{**row, "bad": 0, "after": 10}]},
                    position=(1, self.next_seq()),
                )
                self.project(count)
                self.assertEqual(vend.slot_id.qty, 10)
                self.decide(vend, decision)
                self.assertEqual(vend.slot_id.qty, 10)
                kind, data = WORDS["success"]
                data = {"vend_id": vend.uuid, "slot": "A1", "slot_state": "ok", **data}
                self.project(self.fact(self.machine, kind, data, position=at))
                self.assertEqual(vend.slot_id.qty, 10)

    # === THE MACHINE HAD SAID THAT IT DOES NOT KNOW === #

    def test_a_machine_that_did_not_know_repeats_it_after_the_decision(self):
        for decision in DECIDED:
            with self.subTest(decision=decision):
                vend = self.begun()
                self.word(vend, "unknown")
                self.decide(vend, decision)
                before = self.money(vend)
                self.assertEqual(vend.told_outcome, "unknown")
                self.assertEqual(self.word(vend, "unknown").result, "duplicate")
                self.assertEqual(self.money(vend), before)
                self.assertFalse(self.questions(vend))

    def test_a_machine_that_did_not_know_and_now_does(self):
        for decision, word in (("came out", "failed"), ("did not", "success")):
            vend = self.begun()
            self.word(vend, "unknown")
            self.decide(vend, decision)
            before = self.money(vend)
            self.word(vend, word)
            self.assertEqual(self.money(vend), before)
            case = self.questions(vend)
            self.assertEqual((case.kind, case.amount), DIFFER[decision, word])

    def test_a_pour_that_came_out_is_sold_at_its_price(self):
        for word, stake in (("success", None), ("partial", 3.33)):
            vend = self.begun(qty=1)
            vend.write({"ml": 150, "amount_total": 10.0, "price": 10.0})
            self.word(vend, "unknown")
            self.decide(vend, "came out")
            self.assertEqual((vend.amount_captured, vend.order_ids.amount_total), (10.0, 10.0))
            self.assertEqual(vend.slot_id.qty, 10, "a pour takes no bottle out of its slot")
            ml = 150 if word == "success" else 100
            self.say(vend, "vend.result", outcome=word, qty=0, ml=ml)
            self.assertEqual(self.questions(vend).mapped("amount"), [stake] if stake else [])
