# SPDX-License-Identifier: LGPL-3.0-or-later
"""Attempts at money: by one person of finance alone, by a partner, by a region, by two at once."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .books import BooksCommon
from .test_share_limit import LimitCommon
from .test_share_policy import HOST

FINANCE = "wine_vending.group_wine_finance"


class FraudCommon(BooksCommon):
    """Two people of finance, one regional administrator."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann, cls.ben = (new_test_user(cls.env, f"fraud-{n}", FINANCE) for n in ("ann", "ben"))
        cls.manager = new_test_user(
            cls.env, "fraud-manager", "wine_vending.group_wine_region_manager"
        )
        cls.region.manager_ids = cls.manager
        cls.company.share_adjust_limit = 100.0

    def rpc(self, user, records, method, *args, **kwargs):
        """From outside, with nothing in the cache."""
        self.env.flush_all()
        self.env.invalidate_all()
        env = self.env(user=user, context={})
        ids = [records.ids] if records else []
        return call_kw(env[records._name], method, [*ids, *args], kwargs)

    def denied(self, error, user, records, method, *args):
        quiet = ("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
        with (
            mute_logger(*quiet),
            self.assertRaises(error) as caught,
            self.env.cr.savepoint(),
        ):
            self.rpc(user, records, method, *args)
        self.env.invalidate_all()
        return str(caught.exception)

    def adjust(self, user, amount):
        Adjustment = self.env["wine.share.adjustment"]
        values = {"account_id": self.account.id, "amount": amount, "reason": "Goodwill"}
        (one,) = self.rpc(user, Adjustment, "create", [values])
        one = Adjustment.browse(one)
        self.rpc(user, one, "action_post")
        self.env.invalidate_all()
        return one


@tagged("post_install", "-at_install")
class TestOneOfFinance(FraudCommon):
    """Nobody brings money to a partner alone, by whatever way."""

    def test_many_small_adjustments_are_a_large_one(self):
        first, second, third = (self.adjust(self.ann, amount) for amount in (60, -30, 11))
        self.assertEqual((first.state, second.state, third.state), ("posted", "posted", "waiting"))
        self.assertEqual(self.adjust(self.ben, 90).state, "posted", "another person, another sum")
        self.assertEqual(self.money(), {"available": 120.0})

    def test_an_adjustment_keeps_its_company(self):
        """The limit is the one of the account's company, whatever is written."""
        rich = self.env["res.company"].create({"name": "Rich", "share_adjust_limit": 1e6})
        (self.ann | self.ben).company_ids += rich
        values = {"account_id": self.account.id, "amount": 5000.0, "reason": "Goodwill"}
        Adjustment = self.env["wine.share.adjustment"]
        one = Adjustment.browse(self.rpc(self.ann, Adjustment, "create", [values]))
        self.denied(AccessError, self.ann, one, "write", {"company_id": rich.id})
        self.denied(
            AccessError, self.ann, Adjustment, "create", [{**values, "company_id": rich.id}]
        )
        self.assertEqual(one.company_id, self.company)

    def test_credited_by_hand_is_approved_by_another(self):
        self.adjust(self.ann, 90)
        settlement = self.settle()
        text = self.denied(UserError, self.ann, settlement, "action_approve")
        self.assertIn("credited by hand", text)
        self.assertEqual(settlement.state, "draft")
        self.rpc(self.ben, settlement, "action_approve")
        self.assertEqual(settlement.state, "approved")

    def test_made_by_hand_is_approved_by_another(self):
        self.earn(50.0)
        guide = self.env["wine.share.settle"].with_user(self.ann)
        made = guide.create({"account_id": self.account.id}).action_settle()
        settlement = self.env["wine.share.settlement"].browse(made["res_id"])
        self.assertIn("You made", self.denied(UserError, self.ann, settlement, "action_approve"))
        self.rpc(self.ben, settlement, "action_approve")

    def test_verified_by_another(self):
        self.account._set_verified(False)
        seen = {"identity_seen": True, "tax_seen": True, "bank_seen": True}
        self.account.with_user(self.ann)._verify(seen)
        self.earn(50.0)
        settlement = self.settle()
        self.assertIn("verified", self.denied(UserError, self.ann, settlement, "action_approve"))
        self.rpc(self.ben, settlement, "action_approve")

    def test_what_came_back_is_paid_again_by_another(self):
        settlement = self.approved(50.0)
        settlement.action_mark_paid()
        guide = self.env["wine.share.settlement.end"].with_user(self.ann)
        guide.create(
            {"settlement_id": settlement.id, "kind": "back", "reason": "Came back"}
        ).action_end()
        self.env.invalidate_all()
        self.assertEqual((settlement.state, settlement.ended_by_id), ("failed", self.ann))
        again = self.settle(automatic=True)
        self.assertIn("came back", self.denied(UserError, self.ann, again, "action_approve"))
        again._approve_alone()
        self.assertEqual(again.state, "draft", "nor without a person")
        self.assertIn("came back", again.error)
        self.rpc(self.ben, again, "action_approve")
        self.assertEqual(again.state, "approved")

    def test_who_lets_money_go_without_a_look(self):
        """Finance cannot take the second look away; it can put it back."""
        Terms = self.env["wine.share.terms"]
        self.denied(AccessError, self.ann, self.host_terms, "write", {"approve_alone": True})
        self.host_terms.sudo().unlink()
        values = {"role": "host", "company_id": self.company.id, "approve_alone": True}
        self.denied(AccessError, self.ann, Terms, "create", [values])
        alone = Terms.create(values)
        self.rpc(self.ann, alone, "write", {"approve_alone": False})
        self.assertFalse(alone.approve_alone)

    def test_paid_alone_only_what_nobody_touched(self):
        """Terms that pay by themselves do not pay what one person made."""
        self.terms.approve_alone = True
        self.adjust(self.ann, 90)
        waits = self.settle(automatic=True)
        waits._approve_alone()
        self.assertEqual(waits.state, "draft")
        self.assertIn("by hand", waits.error)
        waits._cancel("Test")
        self.bank.wine_change_ids.sudo()
        self.env.cr.execute(
            "UPDATE wine_share_bank_change SET user_id = %s WHERE bank_id = %s",
            [self.ann.id, self.bank.id],
        )
        self.env.invalidate_all()
        self.earn(10.0, self.operator, "operator")
        self.assertTrue(self.bank._wine_single_handed(self.company))
        self.env.cr.execute(
            "UPDATE wine_share_bank_change SET user_id = %s WHERE bank_id = %s AND kind = 'made'",
            [self.ben.id, self.bank.id],
        )
        self.env.invalidate_all()
        self.assertFalse(self.bank._wine_single_handed(self.company))

    def test_bank_account_stands_still_for_settlements(self):
        settlement = self.approved(50.0)
        bank = settlement.partner_bank_id
        self.rpc(self.ann, bank, "write", {"allow_out_payment": False})
        text = self.denied(UserError, self.ann, bank, "write", {"acc_number": "MINE123"})
        self.assertIn(settlement.name, text)
        self.assertIn(
            settlement.name,
            self.denied(UserError, self.ann, bank, "write", {"acc_holder_name": "Me"}),
        )
        settlement.action_mark_paid()
        self.rpc(self.ann, bank, "write", {"acc_number": "OTHER123"})

    def test_taking_over_the_login_of_a_partner(self):
        """Who gave the partner another address or a contact approves nothing for a while."""
        self.earn(50.0)
        for number, change in enumerate(
            (
                lambda: self.rpc(self.ann, self.host, "write", {"email": "ann@example.com"}),
                lambda: self.rpc(
                    self.ann,
                    self.env["res.partner"],
                    "create",
                    [{"name": "Contact", "parent_id": self.host.id, "email": "b@example.com"}],
                ),
            )
        ):
            with self.subTest(number=number):
                self.assertNotIn(self.ann, self.bank._wine_makers(self.company))
                change()
                settlement = self.settle(automatic=True)
                why = self.denied(UserError, self.ann, settlement, "action_approve")
                self.assertIn("bank account", why)
                self.assertIsNone(settlement._objection(self.ben))
                settlement._cancel("Test")
                self.env["wine.share.bank.change"].flush_model()
                self.env.cr.execute(
                    "UPDATE wine_share_bank_change SET moment = moment - interval '1 year' "
                    "WHERE kind = 'contact'"
                )
                self.env.invalidate_all()
        self.rpc(self.ann, self.host, "write", {"comment": "Nice people"})
        self.assertNotIn(self.ann, self.bank._wine_makers(self.company))

    def test_a_bill_is_no_way_round(self):
        """A bill is not approved, nor paid, by who checked the account; nor while that is new."""
        self.terms.write({"method": "bill"})
        self.earn(50.0)
        self.env.cr.execute(
            "UPDATE wine_share_bank_change SET user_id = %s WHERE bank_id = %s",
            [self.ann.id, self.bank.id],
        )
        self.env.invalidate_all()
        settlement = self.settle(automatic=True)
        self.assertIn(
            "bank account", self.denied(UserError, self.ann, settlement, "action_approve")
        )
        self.rpc(self.ben, settlement, "action_approve")
        bill = settlement.bill_id
        self.assertEqual((settlement.method, bill.partner_bank_id), ("bill", self.bank))

        def pay(user):
            self.env.invalidate_all()
            guide = self.env["account.payment.register"].with_user(user)
            guide = guide.with_context(active_model="account.move", active_ids=bill.ids)
            guide.create({"partner_bank_id": self.bank.id})._create_payments()

        with self.assertRaisesRegex(UserError, "Somebody else pays"), self.env.cr.savepoint():
            pay(self.ann)
        self.company.share_bank_cooldown = 5
        with self.assertRaisesRegex(UserError, "was changed on"), self.env.cr.savepoint():
            pay(self.ben)
        self.company.share_bank_cooldown = 0
        pay(self.ben)
        self.assertIn(bill.payment_state, ("paid", "in_payment"))

    def test_not_verified_any_more(self):
        self.earn(50.0)
        settlement = self.settle()
        self.account._set_verified(False)
        self.assertIn("withdrawn", self.denied(UserError, self.ben, settlement, "action_approve"))

    def test_sent_is_not_cancelled(self):
        """What the platform is paying is not made available a second time."""
        settlement = self.approved(50.0)
        settlement.payout_state = "sent"
        values = {"settlement_id": settlement.id, "kind": "cancel", "reason": "Never mind"}
        guide = self.env["wine.share.settlement.end"].with_user(self.ann).create(values)
        self.assertIn("has left", self.denied(UserError, self.ann, guide, "action_end"))
        self.assertEqual(self.money(), {"settling": 50.0})

    def test_documents_of_others_stay_theirs(self):
        """Naming a document as seen does not take it away from the record that it belongs to."""
        self.account._set_verified(False)
        theirs, uploaded = self.env["ir.attachment"].create(
            [
                {"name": "Contract", "res_model": "res.partner", "res_id": self.operator.id},
                {"name": "Passport", "public": True},
            ]
        )
        seen = {"identity_seen": True, "tax_seen": True}
        documents = [Command.set((theirs | uploaded).ids)]
        self.account.with_user(self.ann)._verify({**seen, "attachment_ids": documents})
        self.assertEqual((theirs.res_model, theirs.res_id), ("res.partner", self.operator.id))
        self.assertEqual((uploaded.res_model, uploaded.public), ("wine.share.verification", False))


@tagged("post_install", "-at_install")
class TestPartnerAndRegion(FraudCommon):
    """What a partner and a regional administrator try."""

    def test_disputing_a_debt_does_not_lift_it(self):
        """A partner disputes what it owes: it still counts against what it takes."""
        self.earn(100.0)
        debt = self.earn(-80.0)
        debt._dispute("We do not agree")
        self.assertEqual((debt.state, debt.dispute_case_id.state), ("available", "open"))
        self.assertEqual(self.money(), {"available": 20.0})
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.env["wine.share.entry"]._take_available(self.account, 100.0)

    def test_money_cases_are_closed_by_finance(self):
        Case = self.env["wine.case"]
        kinds = ("recon_payment", "recon_share", "recon_books", "share_orphan", "share_payout")
        for kind in kinds:
            with self.subTest(kind=kind):
                case = Case._open_case(kind, region=self.region, reference=f"fraud:{kind}")
                text = self.denied(AccessError, self.manager, case, "action_close")
                self.assertIn("closed by finance", text)
                self.rpc(self.ann, case, "action_close")
                self.assertEqual((case.state, case.decided_by_id), ("decided", self.ann))
        case = Case._open_case("recon_order", region=self.region, reference="fraud:order")
        self.rpc(self.manager, case, "action_close")
        self.assertEqual(case.state, "decided", "machines are the region's")

    def test_what_follows_is_not_written(self):
        """A stored related field is no input, of no model of the wings."""
        self.earn(10.0)
        one = self.adjust(self.ann, 10)
        Reach = type(self.env["wine.reach"])
        found = 0
        for name, model in self.env.registry.items():
            if not issubclass(model, Reach) or not name.startswith("wine.share."):
                continue
            for field in model._fields.values():
                if field.related and field.store and field.readonly and not field.inherited:
                    found += 1
                    with self.subTest(field=str(field)), self.assertRaises(AccessError):
                        self.env[name].with_user(self.ann)._check_reach([{field.name: 1}])
        self.assertGreater(found, 5)
        self.denied(UserError, self.ann, one, "write", {"company_id": self.company.id})


@tagged("post_install", "-at_install")
class TestGuidesOfOthers(FraudCommon):
    """Guides show figures and reasons: to who opened them alone."""

    def test_a_guide_is_not_found_by_another(self):
        self.earn(10.0)
        settlement = self.settle()
        for model, values in (
            ("wine.share.settlement.end", {"settlement_id": settlement.id, "reason": "Secret"}),
            ("wine.share.settle", {"account_id": self.account.id}),
            ("wine.share.verify", {"account_id": self.account.id}),
        ):
            with self.subTest(model=model):
                guide = self.env[model].with_user(self.ann).create(values)
                theirs = guide.with_user(self.ben)
                self.env.flush_all()
                self.env.invalidate_all()
                self.assertFalse(theirs.search([("id", "=", guide.id)]))
                self.denied(AccessError, self.ben, guide, "read", ["display_name"])
                self.denied(AccessError, self.ben, guide, "write", {})
                self.assertTrue(guide.search([("id", "=", guide.id)]))


@tagged("post_install", "-at_install")
class TestLimitLowered(LimitCommon):
    """A limit does not undo what is in force; the platform sees what lies beyond it."""

    def test_what_is_in_force_beyond_a_limit_is_listed(self):
        draft = self.mine(HOST)
        self.activate(draft)
        mine = self.limit.with_user(self.admin)
        self.assertFalse(mine.beyond_ids)
        mine.max_percent = 5
        self.assertEqual(mine.beyond_ids, draft)
        self.assertEqual(draft.state, "active")
        values = {"region_id": self.foreign.id, "company_id": self.company.id, "max_percent": 1}
        elsewhere = self.limit.create(values)
        self.assertFalse(elsewhere.with_user(self.admin).beyond_ids, "not its region")
        with self.assertRaises(AccessError):
            _unused = self.limit.with_user(self.manager).beyond_ids


@tagged("post_install", "-at_install")
class TestRaceOfLines(LimitCommon):
    """The chain that was checked is the chain that is put in force."""

    def version_of_row(self, policy):
        self.env.flush_all()
        self.env.cr.execute("SELECT ctid FROM wine_share_policy WHERE id = %s", policy.ids)
        return self.env.cr.fetchone()[0]

    def test_editing_a_line_writes_the_policy(self):
        """Whoever edits a line while the policy is put in force collides with that (40001)."""
        draft = self.mine(HOST)
        line = draft.line_ids[0]
        tier = Command.create({"turnover": 0, "percent": 5})
        for what in (
            lambda: line.write({"amount": 1}),
            lambda: line.write({"tier_ids": [tier]}),
            lambda: line.tier_ids.write({"units": 1}),
            lambda: line.tier_ids.unlink(),
            lambda: line.copy({"sequence": 50}),
            lambda: line.unlink(),
        ):
            before = self.version_of_row(draft)
            what()
            self.assertNotEqual(self.version_of_row(draft), before)
