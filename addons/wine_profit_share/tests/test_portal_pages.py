# SPDX-License-Identifier: LGPL-3.0-or-later
import io

from openpyxl import load_workbook

from odoo import fields
from odoo.tests import tagged

from .portal import PortalCommon


@tagged("post_install", "-at_install")
class TestPortalPages(PortalCommon):
    """What a partner reads: the own figures, and nobody else's."""

    def page(self, url):
        return self.text(self.get(url))

    def test_how_much_and_when(self):
        self.as_("host")
        held = self.account.held
        text = self.page("/my/share")
        self.assertRegex(text, r"Yours now \$ ?57\.77")
        self.assertRegex(text, rf"Held \$ ?{held:.2f}")
        self.assertRegex(text, r"On its way \$ ?20\.00")
        self.assertRegex(text, r"8 % of \$ ?[\d.]+ net of tax.*site host, policy Harbour v1")
        self.assertNotIn("Stranger", text)
        self.assertRegex(self.page("/my"), r"Yours now \$ ?57\.77")

    def test_a_stranger_reads_own_figures(self):
        self.as_("stranger")
        text = self.page("/my/share")
        self.assertRegex(text, r"Yours now \$ ?57\.77")
        self.assertNotIn("Harbour", text)

    def test_home_of_others_shows_no_balance(self):
        self.as_("nobody")
        self.assertNotIn("Yours now", self.page("/my"))

    def test_nothing_yet(self):
        """A partner with an account and nothing on it is told what will appear."""
        self.env["wine.share.account"]._get(
            self.company, self.people["nobody"].commercial_partner_id
        )
        self.as_("nobody")
        for url, words in (
            ("/my/share", "As soon as a machine sells"),
            ("/my/share/lines", "Nothing new"),
            ("/my/share/statements", "None yet"),
            ("/my/share/withdrawals", "None yet"),
            ("/my/share/withdrawals/new", "nothing to withdraw now"),
            ("/my/share/bank", "do not know where to pay"),
        ):
            with self.subTest(url=url):
                self.assertIn(words, self.page(url))
        self.assertIn("have not verified you", self.page("/my/share"))

    def test_down_to_the_vend(self):
        self.as_("host")
        entry = self.entries(("vend_id", "=", self.vend.id), ("partner_id", "=", self.host.id))
        self.vend.pay_ref = "CARD-SECRET-4711"
        text = self.page(f"/my/share/line/{entry.id}")
        for words in (self.vend.name, "Testmachine, A1", "Outcome: Success", "Booked as a sale"):
            self.assertIn(words, text)
        self.assertNotIn("CARD-SECRET", text, "the consumer's payment is not the host's business")

    def test_refunded_line_names_what_took_it_back(self):
        self.refund(self.vend)
        self.as_("host")
        back = self.entries(("kind", "=", "reversal"), ("partner_id", "=", self.host.id))
        text = self.page(f"/my/share/line/{back.reverses_id.id}")
        self.assertIn("Taken back", text)
        self.assertIn(
            f"/my/share/line/{back.id}", self.get(f"/my/share/line/{back.reverses_id.id}").text
        )
        self.assertIn("Takes back", self.page(f"/my/share/line/{back.id}"))

    def test_statement_and_its_lines(self):
        self.as_("host")
        statement = self.own["statement"]
        text = self.page(f"/my/share/statement/{statement.id}")
        self.assertRegex(text, r"Owed at the end \$ ?77\.77")
        self.assertIn(
            f"/my/share/line/{self.own['line'].id}",
            self.get(f"/my/share/statement/{statement.id}").text,
        )
        sheet = self.get(f"/my/share/statement/{statement.id}/xlsx")
        self.assertIn("attachment", sheet.headers["Content-Disposition"])
        lines = load_workbook(io.BytesIO(sheet.content), data_only=True).worksheets[1]
        self.assertEqual(lines["G2"].value, 77.77)
        paper = self.get(f"/my/share/statement/{statement.id}/pdf")
        self.assertEqual(paper.headers["Content-Type"], "application/pdf")

    def test_late_line_says_so(self):
        late = self.earn(3.0, date="2025-12-30").filtered(lambda e: e.partner_id == self.host)
        june = self.env["wine.share.statement"]._issue(
            self.account, fields.Date.to_date("2026-02-28")
        )
        self.assertEqual(late.statement_id, june)
        self.as_("host")
        self.assertIn("came late", self.page(f"/my/share/statement/{june.id}"))

    def test_to_be_set_off(self):
        self.own["withdrawal"].with_user(self.people["host"]).sudo()._cancel()
        self.earn(-100.0)
        self.as_("host")
        text = self.page("/my/share")
        self.assertIn("To be set off", text)
        self.assertIn("you need not pay anything", text)
        self.assertIn("nothing to withdraw now", self.page("/my/share/withdrawals/new"))

    def test_two_accounts(self):
        """Of two companies: both are offered, and each shows its own."""
        other = self.env["res.company"].create({"name": "Second Company"})
        second = self.env["wine.share.account"]._get(other, self.host)
        self.as_("host")
        self.assertIn("Second Company", self.page("/my/share"))
        self.assertRegex(self.page(f"/my/share?account={second.id}"), r"Yours now .{0,3}0\.00")


@tagged("post_install", "-at_install")
class TestPortalDispute(PortalCommon):
    """A line is not right, says the partner."""

    def test_dispute(self):
        line = self.own["line"]
        url = f"/my/share/line/{line.id}"
        self.as_("host")
        answer = self.post(f"{url}/dispute", page=url, text=" I sold two of these. \x00")
        self.assertEqual((answer.status_code, answer.headers["Location"]), (303, f"{url}?sent=1"))
        self.env.invalidate_all()
        case = line.dispute_case_id
        self.assertEqual((case.kind, case.state), ("share_dispute", "open"))
        self.assertIn("“I sold two of these.”", case.text)
        self.assertIn("being looked at", self.text(self.get(url)))

    def test_what_is_available_is_held(self):
        line = self.earn(5.0).filtered(lambda entry: entry.partner_id == self.host)
        self.assertEqual(line.state, "available")
        url = f"/my/share/line/{line.id}"
        self.as_("host")
        self.post(f"{url}/dispute", page=url, text="No")
        self.env.invalidate_all()
        self.assertEqual((line.state, line.held_for), ("held", "dispute"))
        self.assertIn("we look into your objection", self.text(self.get(url)))
        self.assertIn("when your objection is answered", self.text(self.get("/my/share")))

    def test_twice_and_empty(self):
        line = self.own["line"]
        url = f"/my/share/line/{line.id}"
        self.as_("host")
        empty = self.post(f"{url}/dispute", page=url, text="  \x00 ")
        self.assertEqual(empty.status_code, 400)
        self.assertFalse(line.dispute_case_id)
        self.post(f"{url}/dispute", page=url, text="No")
        again = self.post(f"{url}/dispute", page="/my/share/bank", text="No, no")
        self.assertEqual(again.status_code, 400)
        self.assertIn("is being looked at", self.text(again))

    def test_markup_stays_text(self):
        line = self.own["line"]
        url = f"/my/share/line/{line.id}"
        self.as_("host")
        self.post(f"{url}/dispute", page=url, text="<script>alert(1)</script>")
        self.env.invalidate_all()
        case = line.dispute_case_id
        case.sudo()._close("<b>No</b>")
        self.assertNotIn("<b>No</b>", self.get(url).text)
        self.assertIn("&lt;b&gt;No&lt;/b&gt;", self.get(url).text)


@tagged("post_install", "-at_install")
class TestPortalGoods(PortalCommon):
    """A supplier sees the own goods only, and nothing that the company earns."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.theirs = cls.refill_product(cls.stranger, "T-THEIRS")
        cls.publish_planogram(cls.machine, {"A1": cls.wine, "A2": cls.soda, "B1": cls.theirs})
        cls.slot(cls.machine, "A1").qty = 4
        cls.slot(cls.machine, "A2").qty = 0
        cls.env["wine.report.sales"]._refresh()

    def test_stock(self):
        self.as_("supplier")
        text = self.text(self.get("/my/goods"))
        self.assertIn("Wine T-RED", text)
        self.assertIn("Testland", text)
        self.assertNotIn("T-THEIRS", text)
        [(region, total, rows)] = self.env["wine.share.goods"]._stock(self.wine | self.soda)
        self.assertEqual((region, total), (self.region, 4))
        self.assertEqual([row["product"] for row in rows], [self.soda, self.wine], "empty first")
        self.assertEqual((rows[0]["empty"], rows[0]["slots"]), (1, 1))

    def test_sales(self):
        self.as_("supplier")
        text = self.text(self.get("/my/goods/sales"))
        self.assertIn("1 bottles sold", text)
        self.assertIn("Wine T-RED", text)
        self.assertRegex(text, r"\$ ?120\.00 at the till")
        self.assertNotIn("50.00", text, "not what the bottle costs")
        for month in ("2019-02", "13-2020", "2020-13", "x" * 50):
            with self.subTest(month=month):
                self.assertEqual(self.get(f"/my/goods/sales?month={month}").status_code, 200)
        self.assertIn(
            "Nothing of yours was sold", self.text(self.get("/my/goods/sales?month=2020-02"))
        )

    def test_whose_goods(self):
        """The first vendor of a product is whose goods it is."""
        goods = self.env["wine.share.goods"]
        self.assertEqual(goods._products(self.supplier), self.wine | self.soda)
        self.assertEqual(goods._products(self.stranger), self.theirs)
        self.assertFalse(goods._products(self.host))

    def test_orders_to_confirm(self):
        orders = self.env["purchase.order"].create(
            [{"partner_id": partner.id} for partner in (self.supplier, self.stranger)]
        )
        orders.write({"state": "purchase"})
        self.as_("supplier")
        text = self.text(self.get("/my/goods"))
        self.assertIn(orders[0].name, text)
        self.assertNotIn(orders[1].name, text)
        orders[0].action_acknowledge()
        self.assertNotIn(orders[0].name, self.text(self.get("/my/goods")))
