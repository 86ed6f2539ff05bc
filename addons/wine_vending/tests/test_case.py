# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import Counter
from unittest.mock import patch
from uuid import uuid4

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import LazyTranslate
from odoo.tools.translate import code_translations

from ..projection import writing
from .common import WineCommon

_lt = LazyTranslate(__name__)


@tagged("post_install", "-at_install")
class TestCase(WineCommon):
    """What a person decides: it came out, or it did not; once."""

    def unknown(self, pay="cash"):
        return self.project(self.local(self.machine, outcome="unknown", pay=pay))

    def test_it_came_out(self):
        vend = self.unknown()
        vend.case_ids.action_came_out()
        self.assertEqual(vend.state, "captured")
        self.assertEqual(vend.order_ids.amount_total, 120.0)
        self.assertEqual(vend.amount_captured, 120.0)
        self.assertEqual(self.slot(self.machine, "A1").qty, 9)
        self.assertEqual(vend.case_ids.state, "decided")

    def test_it_did_not(self):
        vend = self.unknown(pay="card")
        vend.case_ids.action_did_not()
        self.assertEqual(vend.state, "refunded")
        self.assertEqual(sum(vend.order_ids.mapped("amount_total")), 0)
        self.assertEqual(len(vend.order_ids), 2)
        self.assertEqual(self.slot(self.machine, "A1").qty, 10)

    def test_a_platform_vend_is_voided(self):
        vend = self.env["wine.vend"]._reserve(self.slot(self.machine, "A1"), "qr")
        vend._authorise()
        self.project(
            self.fact(
                self.machine,
                "vend.result",
                {"vend_id": vend.uuid, "outcome": "unknown", "qty": 0, "slot": "A1"},
            )
        )
        vend.case_ids.action_did_not()
        self.assertEqual((vend.state, vend.payment_state), ("voided", "voided"))
        self.assertFalse(vend.order_ids)

    def test_deciding_twice_changes_nothing(self):
        vend = self.unknown()
        vend.case_ids.action_came_out()
        vend.case_ids.action_did_not()
        self.assertEqual(vend.state, "captured")
        self.assertEqual(len(vend.order_ids), 1)

    def test_a_case_with_money_is_not_just_closed(self):
        vend = self.unknown()
        with self.assertRaises(UserError):
            vend.case_ids.action_close()

    def test_the_same_question_is_asked_once(self):
        Case = self.env["wine.case"]
        first = Case._open_case("count", machine=self.machine, reference="r1", text="a")
        again = Case._open_case("count", machine=self.machine, reference="r1", text="b")
        self.assertEqual(first, again)
        self.assertEqual(first.region_id, self.region)
        first.action_close()
        fresh = Case._open_case("count", machine=self.machine, reference="r1", text="c")
        self.assertNotEqual(first, fresh)

    def test_only_vends_of_unknown_outcome_are_decided_so(self):
        case = self.env["wine.case"]._open_case("count", machine=self.machine, text="x")
        with self.assertRaises(UserError):
            case.action_came_out()
        case.action_close()
        self.assertEqual(case.decided_by_id, self.env.user)

    def test_what_a_case_says_is_read_in_the_language_of_the_reader(self):
        bad = self.local(self.machine, currency="XXX")
        self.project(bad)
        case = self.env["wine.case"].search([("reference", "=", bad.reference)])
        self.assertIn("it was paid in XXX", case.text)
        self.assertIn("it was paid in XXX", case.text_source, "found by a search in English")
        french = {
            "The machine reported %(type)s and it could not be used: %(text)s.": "Refus de "
            "%(type)s : %(text)s.",
            "it was paid in %(paid)s, the machine's company keeps %(kept)s": "payé en %(paid)s, "
            "la société tient %(kept)s",
        }
        self.env["res.lang"]._activate_lang("fr_FR")
        with patch.object(code_translations, "get_python_translations", lambda *_args: french):
            said = case.with_context(lang="fr_FR").text
        self.assertEqual(said, f"Refus de vend.local : payé en XXX, la société tient {self.kept}.")
        self.assertIn("it was paid in XXX", case.with_context(lang="en_US").text)

    def test_plain_and_lazy_texts(self):
        Case = self.env["wine.case"]
        plain = Case._open_case("count", machine=self.machine, text="100% sure")
        self.assertEqual((plain.text, plain.told), ("100% sure", False))
        lazy = Case._open_case("count", machine=self.machine, text=_lt("Slot %s", "A1"))
        self.assertEqual((lazy.text, lazy.told["module"]), ("Slot A1", "wine_vending"))
        self.assertEqual(Case.search([("text", "ilike", "Slot A1"), ("id", "=", lazy.id)]), lazy)

    @property
    def kept(self):
        return self.machine.currency_id.name

    def test_a_machine_that_tells_nonsense_without_end_fills_no_list(self):
        """So many cases are told singly; then one says that there are more. Vends are all told."""
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")

        def nonsense(machine, count):
            made = {"outcome": "success", "slot": "A1", "qty": 1, "sensor": "none"}
            return [
                self.fact(machine, "vend.result", {"vend_id": str(uuid4()), **made})
                for _n in range(count)
            ] + [self.fact(machine, "vend.local", {"vend_id": 7}) for _n in range(count)]

        with patch.object(writing, "SINGLY", 3):
            self.project(*nonsense(self.machine, 2))
            self.project(*nonsense(self.machine, 5), *nonsense(other, 1))
            unclear = [self.local(self.machine, outcome="unknown") for _n in range(4)]
            self.project(*unclear)
        cases = self.env["wine.case"].search([("machine_id", "=", self.machine.id)])
        count = Counter(cases.mapped("kind"))
        self.assertEqual(count, {"orphan": 4, "message": 4, "unknown": 4})
        many = cases.filtered(lambda case: (case.reference or "").startswith("many-"))
        self.assertEqual(set(many.mapped("kind")), {"orphan", "message"})
        self.assertIn("more than 3", many[0].text)
        theirs = self.env["wine.case"].search([("machine_id", "=", other.id)])
        self.assertEqual(len(theirs), 2)
