# SPDX-License-Identifier: LGPL-3.0-or-later
import io
import re

import xlsxwriter

from odoo import models
from odoo.tools import format_date

#: lines in a PDF; a longer month is added up by day there, and whole in the spreadsheet
PDF_LINES = 1000
#: entries that are read at a time
CHUNK = 1000
WIDTHS = (11, 12, 34, 34, 60, 14, 14)


class WineShareStatement(models.Model):
    """A statement to keep: PDF and spreadsheet, in the language of whoever asks."""

    _inherit = "wine.share.statement"

    def action_xlsx(self):
        """The statement as a spreadsheet; its controller asks for the right to read it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/wine/share/statement/{self.id}/xlsx",
            "target": "download",
        }

    def _get_report_base_filename(self):
        self.ensure_one()
        month = f"{self.date_from:%Y-%m}"
        return re.sub(r"[^\w-]+", "_", f"{self.name}_{self.partner_id.name}_{month}")

    def _file_pdf(self):
        """(name, content)"""
        reports = self.env["ir.actions.report"].sudo().with_company(self.company_id)
        content, _kind = reports._render_qweb_pdf(
            "wine_profit_share.report_share_statement", self.ids
        )
        return f"{self._get_report_base_filename()}.pdf", content

    # === LINES === #

    def _lines(self):
        """Entries in the order of time, read in portions; splits say nothing to a partner."""
        entries = self.env["wine.share.entry"].sudo()
        ids = entries.search(self._lines_domain(), order="date, id").ids
        for start in range(0, len(ids), CHUNK):
            yield from entries.browse(ids[start : start + CHUNK])
            self.env.invalidate_all()

    def _lines_domain(self):
        return [("statement_id", "=", self.id), ("kind", "!=", "split")]

    def _is_long(self):
        """Whether a PDF shows days instead of lines."""
        self.ensure_one()
        return self.entry_count > PDF_LINES

    def _days(self):
        """What was earned and taken back by day: list of (date, count, earned, other, sum)."""
        self.ensure_one()
        rows = (
            self.env["wine.share.entry"]
            .sudo()
            ._read_group(self._lines_domain(), ["date:day", "kind"], ["amount:sum", "__count"])
        )
        days = {}
        for day, kind, amount, count in rows:
            line = days.setdefault(day, {"count": 0, "sale": 0.0, "rest": 0.0})
            line["count"] += count
            line["sale" if kind == "sale" else "rest"] += amount
        return [{"date": day, **line} for day, line in sorted(days.items())]

    def _is_late(self, entry):
        """An entry of a month that was stated already when it came."""
        return entry.date < self.date_from

    # === SPREADSHEET === #

    def _file_xlsx(self):
        """(name, content): one sheet with the sums, one with every line, one with what was paid."""
        self.ensure_one()
        stream = io.BytesIO()
        book = xlsxwriter.Workbook(stream, {"in_memory": True, "constant_memory": True})
        digits = self.currency_id.decimal_places
        money = "#,##0" + ("." + "0" * digits if digits else "")
        formats = {
            "bold": book.add_format({"bold": True}),
            "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True}),
            "money": book.add_format({"num_format": money}),
            "sum": book.add_format({"num_format": money, "bold": True, "top": 1}),
            "date": book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
        }
        self._sheet_of_sums(book, formats)
        self._sheet_of_lines(book, formats)
        self._sheet_of_payments(book, formats)
        book.close()
        return f"{self._get_report_base_filename()}.xlsx", stream.getvalue()

    def _sums(self):
        """(name, amount) in the order in which they make the closing."""
        labels = self.fields_get(
            ("opening", "earned", "reversed", "other", "settled", "closing"), ["string"]
        )
        amounts = {name: self[name] for name in labels} | {"settled": -self.settled}
        order = ("opening", "earned", "reversed", "other", "settled", "closing")
        return [(labels[name]["string"], amounts[name]) for name in order]

    def _sheet_of_sums(self, book, formats):
        sheet = book.add_worksheet(self.env._("Statement"))
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 1, 24)
        facts = (
            (self.env._("Statement"), self.name),
            (self.env._("Partner"), self.partner_id.name),
            (self.env._("By"), self.company_id.name),
            (self.env._("Period"), self._words_of_period()),
            (self.env._("Currency"), self.currency_id.name),
        )
        for row, (label, text) in enumerate(facts):
            sheet.write_string(row, 0, label, formats["bold"])
            sheet.write_string(row, 1, text or "")
        sums = self._sums()
        for row, (label, amount) in enumerate(sums, len(facts) + 1):
            last = label == sums[-1][0]
            sheet.write_string(row, 0, label, formats["bold"] if last else None)
            sheet.write_number(row, 1, amount, formats["sum" if last else "money"])

    def _sheet_of_lines(self, book, formats):
        env = self.env
        sheet = book.add_worksheet(env._("Lines"))
        heads = (
            env._("Business day"),
            env._("Kind"),
            env._("Product"),
            env._("Where"),
            env._("Why"),
            env._("Taken of"),
            env._("Amount"),
            env._("Late"),
        )
        for column, (head, width) in enumerate(zip(heads, (*WIDTHS, 8), strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, head, formats["head"])
        sheet.freeze_panes(1, 0)
        kinds = dict(env["wine.share.entry"]._fields["kind"]._description_selection(env))
        row = 0
        for row, entry in enumerate(self._lines(), 1):
            sheet.write_datetime(row, 0, entry.date, formats["date"])
            sheet.write_string(row, 1, kinds[entry.kind])
            sheet.write_string(row, 2, entry._what())
            sheet.write_string(row, 3, entry._where())
            sheet.write_string(row, 4, entry.sentence or "")
            sheet.write_number(row, 5, entry.base_amount, formats["money"])
            sheet.write_number(row, 6, entry.amount, formats["money"])
            sheet.write_string(row, 7, env._("late") if self._is_late(entry) else "")
        moved = self.earned + self.reversed + self.other
        sheet.write_string(row + 1, 0, env._("Together"), formats["bold"])
        sheet.write_formula(
            row + 1, 6, f"=SUM(G2:G{row + 1})" if row else "=0", formats["sum"], moved
        )

    def _sheet_of_payments(self, book, formats):
        env = self.env
        sheet = book.add_worksheet(env._("Settlements"))
        heads = (
            env._("Day"),
            env._("Number"),
            env._("Shares"),
            env._("Tax added"),
            env._("Withheld"),
            env._("Fees"),
            env._("Paid out"),
            env._("To bank account"),
        )
        for column, head in enumerate(heads):
            sheet.set_column(column, column, 16)
            sheet.write_string(0, column, head, formats["head"])
        for row, payment in enumerate(self.sudo().payment_ids, 1):
            settlement, sign = payment.settlement_id, 1 if payment.amount >= 0 else -1
            sheet.write_datetime(row, 0, payment.date, formats["date"])
            sheet.write_string(row, 1, settlement.name)
            for column, name in enumerate(("gross", "tax", "withholding", "fees", "net"), 2):
                sheet.write_number(row, column, sign * settlement[name], formats["money"])
            sheet.write_string(row, 7, settlement.partner_bank_id._wine_masked())

    def _words_of_period(self):
        env = self.env
        return f"{format_date(env, self.date_from)} – {format_date(env, self.date_to)}"
