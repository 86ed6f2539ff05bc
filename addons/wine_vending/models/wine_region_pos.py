# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, models

#: pay kind of the device protocol → how its money is booked
PAY_KINDS = ("cash", "card", "qr", "wallet", "voucher")
BANK_KINDS = ("card", "qr")
CLEARING_KINDS = ("wallet", "voucher")


class WineRegion(models.Model):
    """What a region needs to trade, made from Odoo's own parts.

    Cash lies in the machines: a journal and an account of its own per region. Card and QR money
    comes through the company's bank journals, one per kind. Stored value and vouchers were paid
    earlier: spending them is booked on a clearing account each, without a bank.
    """

    _inherit = "wine.region"

    def _set_up_trade(self):
        """Make what is missing; calling it again makes nothing twice."""
        self.ensure_one()
        region = self.sudo().with_company(self.company_id)
        if not region.warehouse_id:
            region.warehouse_id = region._make_warehouse()
        if not region.pos_config_id:
            region.pos_config_id = region._make_pos_config()
        region.pos_config_id.wine_region_id = region

    def _make_warehouse(self):
        return self.env["stock.warehouse"].create(
            {
                "name": self.name,
                "code": self._free_code("stock.warehouse", self.code.replace("-", "")[:5].upper()),
                "company_id": self.company_id.id,
            }
        )

    def _free_code(self, model, wanted):
        """A code of at most 5 characters that no record of ``model`` in the company has."""
        taken = set(
            self.env[model]
            .with_context(active_test=False)
            .search([("company_id", "=", self.company_id.id)])
            .mapped("code")
        )
        if wanted and wanted not in taken:
            return wanted
        stem = wanted[:1] or "W"
        return next(
            code
            for number in range(self.id, self.id + 10000)
            if (code := f"{stem}{number:X}"[:5]) not in taken
        )

    def _make_pos_config(self):
        methods = self.env["pos.payment.method"].union(
            *(self._make_payment_method(kind) for kind in PAY_KINDS)
        )
        journal = self.env["account.journal"]._ensure_company_account_journal()
        return self.env["pos.config"].create(
            {
                "name": self.env._("Machines %s", self.name),
                "company_id": self.company_id.id,
                "wine_region_id": self.id,
                "warehouse_id": self.warehouse_id.id,
                "picking_type_id": self.warehouse_id.pos_type_id.id,
                "journal_id": journal.id,
                "payment_method_ids": [Command.set(methods.ids)],
                "pricelist_id": self.pricelist_id.id,
                "use_pricelist": bool(self.pricelist_id),
                "available_pricelist_ids": [Command.set(self.pricelist_id.ids)],
            }
        )

    def _make_payment_method(self, kind):
        """The region's method for cash; the company's for every other kind."""
        labels = {
            "cash": self.env._("Cash in machines %s", self.name),
            "card": self.env._("Machine card"),
            "qr": self.env._("Machine QR"),
            "wallet": self.env._("Stored value"),
            "voucher": self.env._("Voucher"),
        }
        Method = self.env["pos.payment.method"]
        if kind != "cash":
            found = Method.search(
                [("wine_kind", "=", kind), ("company_id", "=", self.company_id.id)], limit=1
            )
            if found:
                return found
        values = {"name": labels[kind], "wine_kind": kind, "company_id": self.company_id.id}
        if kind == "cash":
            values["journal_id"] = self._make_journal("cash", labels[kind]).id
        elif kind in BANK_KINDS:
            values["journal_id"] = self._make_journal("bank", labels[kind]).id
        else:
            values["receivable_account_id"] = self._make_clearing_account(labels[kind]).id
        return Method.create(values)

    def _make_journal(self, kind, name):
        return self.env["account.journal"].create(
            {
                "name": name,
                "type": kind,
                "company_id": self.company_id.id,
                "code": self._free_code("account.journal", f"W{kind[0].upper()}{self.id}"),
            }
        )

    def _make_clearing_account(self, name):
        """Reconcilable account on which spent stored value meets what was paid in for it."""
        Account = self.env["account.account"].with_company(self.company_id)
        receivable = self.company_id.account_default_pos_receivable_account_id
        code = Account._search_new_account_code(receivable.code or "101300")
        return Account.create(
            {
                "name": self.env._("%s clearing", name),
                "code": code,
                "account_type": "asset_receivable",
                "reconcile": True,
                "non_trade": True,
            }
        )

    def _payment_methods(self):
        """dict pay kind → ``pos.payment.method`` of this region's point of sale."""
        self.ensure_one()
        return {
            method.wine_kind: method
            for method in self.sudo().pos_config_id.payment_method_ids
            if method.wine_kind
        }
