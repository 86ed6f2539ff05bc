# SPDX-License-Identifier: LGPL-3.0-or-later
import io
from datetime import timedelta
from unittest.mock import patch

from openpyxl import load_workbook

from odoo import fields
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools.pdf import PdfReader

from ..models import wine_share_statement_file
from .statement import StatementCommon


class FileCommon(StatementCommon):
    """Sales of last month by a real policy, one of them refunded this month, and a settlement."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_policy(
            "Harbour",
            [
                {"role": "host", "base": "net", "value": "percent", "percent": 8},
                {"role": "platform", "value": "residual"},
            ],
            region_id=cls.region.id,
        )

    def make_statements(self, count=3):
        """(last month's, this month's)"""
        first = fields.Date.start_of(fields.Date.today(), "month")
        when = fields.Datetime.to_datetime(first - timedelta(days=12))
        vends = self.sell(count, when=when)
        self.pay(2.5, first - timedelta(days=3))
        end = fields.Date.end_of(first, "month")
        last = self.statements._issue(self.account, first - timedelta(days=1))
        self.refund(vends[:1])
        self.earn(1.25, first - timedelta(days=9), product_id=self.soda.id)
        this = self.statements._issue(self.account, end)
        self.check_chain()
        return last, this


@tagged("post_install", "-at_install")
class TestStatementSheet(FileCommon):
    """The spreadsheet, read back by another library."""

    def sheets(self, statement):
        name, content = statement._file_xlsx()
        self.assertTrue(name.endswith(".xlsx"))
        return load_workbook(io.BytesIO(content), data_only=True).worksheets

    def rows(self, sheet):
        return list(sheet.iter_rows(values_only=True))

    def test_sums(self):
        last, this = self.make_statements()
        for statement in last | this:
            sums = dict(row[:2] for row in self.rows(self.sheets(statement)[0]) if row[0])
            self.assertEqual(sums["Statement"], statement.name)
            self.assertEqual(sums["Partner"], "Host")
            self.assertEqual(sums["Opening"], statement.opening)
            self.assertEqual(sums["Closing"], statement.closing)
            self.assertAlmostEqual(
                sum(sums[name] for name in ("Opening", "Earned", "Taken back", "Rent, adjustments"))
                + sums["Settled"],
                sums["Closing"],
                places=9,
            )
        self.assertEqual(this.opening, last.closing)

    def test_lines(self):
        last, this = self.make_statements()
        _sums, lines, _paid = self.sheets(last)
        head, *rows, total = self.rows(lines)
        self.assertEqual(head[0], "Business day")
        self.assertEqual(len(rows), 3)
        for row in rows:
            self.assertEqual((row[1], row[2], row[3]), ("Sale", "Wine T-RED", "Testmachine"))
            self.assertRegex(row[4], r"^8 % of .*net of tax.*: site host, policy Harbour v1$")
            self.assertEqual(row[0].date(), last.entry_ids[0].date)
        self.assertAlmostEqual(sum(row[6] for row in rows), last.earned, places=9)
        self.assertAlmostEqual(total[6], last.earned, places=9)
        _head, *rows, total = self.rows(self.sheets(this)[1])
        found = {row[1]: (row[6], row[7]) for row in rows}
        self.assertEqual(found, {"Sale": (1.25, "late"), "Reversal": (this.reversed, "late")})
        self.assertAlmostEqual(total[6], this.earned + this.reversed, places=9)

    def test_settlements(self):
        last, _this = self.make_statements()
        _head, row = self.rows(self.sheets(last)[2])
        self.assertEqual((row[1], row[2], row[6]), (last.payment_ids.settlement_id.name, 2.5, 2.5))

    def test_a_month_without_lines(self):
        last, this = self.make_statements()
        after = fields.Date.end_of(this.date_to + timedelta(days=1), "month")
        empty = self.statements._issue(self.account, after)
        self.assertFalse(empty.entry_ids)
        sums, lines, paid = self.sheets(empty)
        self.assertEqual(len(self.rows(lines)), 2)
        self.assertEqual(len(self.rows(paid)), 1)
        self.assertEqual(self.rows(sums)[6][1], this.closing)

    def test_many_lines_are_read_in_portions(self):
        last, _this = self.make_statements(7)
        with patch.object(wine_share_statement_file, "CHUNK", 3):
            self.assertEqual(list(last._lines()), list(last.entry_ids.sorted("id")))

    def test_formulas_in_names_stay_text(self):
        """What begins with an equals sign in a name is not run by the reader's spreadsheet."""
        self.wine.name = '=HYPERLINK("http://example.com")'
        last, _this = self.make_statements(1)
        _name, content = last._file_xlsx()
        cell = load_workbook(io.BytesIO(content)).worksheets[1]["C2"]
        self.assertEqual((cell.data_type, cell.value), ("s", self.wine.name))
        self.assertTrue(cell.value.startswith("="))


@tagged("post_install", "-at_install")
class TestStatementPaper(FileCommon, HttpCase):
    """The PDF, as wkhtmltopdf makes it, and who may have it."""

    session = None

    def text_of(self, statement):
        name, content = statement.with_context(force_report_rendering=True)._file_pdf()
        self.assertTrue(name.endswith(".pdf"))
        pages = PdfReader(io.BytesIO(content)).pages
        return " ".join(" ".join(page.extract_text().split()) for page in pages)

    def test_pdf(self):
        last, this = self.make_statements()
        text = self.text_of(last)
        for words in (last.name, "Host", "8 % of", "policy Harbour v1", "Settlements"):
            self.assertIn(words, text)
        self.assertIn(f"{last.closing:.2f}", text)
        text = self.text_of(this)
        self.assertIn("late", text)
        self.assertIn(f"{abs(this.reversed):.2f}", text)

    def test_long_month_by_day(self):
        last, _this = self.make_statements(4)
        with patch.object(wine_share_statement_file, "PDF_LINES", 3):
            self.assertTrue(last._is_long())
            text = self.text_of(last)
        self.assertIn("By day", text)
        self.assertNotIn("policy Harbour", text)
        [day] = last._days()
        self.assertEqual((day["count"], day["sale"], day["rest"]), (4, last.earned, 0))

    def test_back_office_download(self):
        last, _this = self.make_statements(1)
        url = last.action_xlsx()["url"]
        for login, groups, status in (
            ("paper-finance", "wine_vending.group_wine_finance", 200),
            ("paper-region", "wine_vending.group_wine_region_manager", 404),
            ("paper-service", "wine_vending.group_wine_service", 404),
            ("paper-portal", "base.group_portal", 404),
        ):
            new_test_user(self.env, login, groups)
            self.authenticate(login, login)
            with self.subTest(login=login):
                self.assertEqual(self.url_open(url).status_code, status)
        self.assertEqual(self.url_open("/wine/share/statement/999999999/xlsx").status_code, 404)
