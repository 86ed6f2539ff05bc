# SPDX-License-Identifier: LGPL-3.0-or-later
from dataclasses import dataclass
from uuid import NAMESPACE_OID, uuid4, uuid5

from odoo import SUPERUSER_ID, Command, api, models

#: kinds that bring no money: the order is there for the goods
UNPAID_KINDS = ("free", "test")


@dataclass(slots=True)
class Posting:
    """One order to be written for a vend.

    ``qty`` units at ``price`` (tax included) each, negative ``qty`` for a refund; ``goods`` says
    whether bottles moved with the money. ``total`` is for a pour, where qty × price does not hold.
    """

    vend: models.Model
    qty: int
    price: float
    pay_kind: str
    goods: bool = True
    reverses: models.Model | None = None  #: the order that is refunded

    @property
    def uuid(self):
        """The same posting has the same identity for ever: no retry posts twice."""
        step = "refund" if self.reverses is not None else "sale"
        return order_uuid(self.vend.uuid, step)


def order_uuid(vend_uuid, step):
    """Identity of the order of a vend's ``sale`` or ``refund``."""
    return str(uuid5(NAMESPACE_OID, f"wine.vend/{vend_uuid}/{step}"))


class WineVend(models.Model):
    """The batch path from vends to paid orders: no query per vend."""

    _inherit = "wine.vend"

    @api.model
    def _post(self, postings):
        """Write postings as paid orders, in the open session of each region.

        Existing orders (by identity) are left alone. Then the wings are told, once per batch.

        :param list[Posting] postings: sales, or refunds, in any order of regions
        :return: ``pos.order`` recordset, in the order of ``postings``
        :raise RetryLater: a region's session is closing this moment
        """
        if not postings:
            return self.env["pos.order"]
        postings = self._not_yet_posted(postings)
        regions = self.env["wine.region"].union(*(posting.vend.region_id for posting in postings))
        sessions = self.env["pos.session"]._wine_open_sessions(regions)
        writer = OrderWriter(self.env, sessions)
        values = [writer.order_values(posting) for posting in postings]
        orders = (
            self.env["pos.order"]
            .with_user(SUPERUSER_ID)
            .with_context(tracking_disable=True, mail_notrack=True, wine_batch=True)
            .create(values)
            .with_env(self.env)
        )
        self._announce(orders)
        return orders

    def _not_yet_posted(self, postings):
        """Drop what is in the books; two postings of one identity in one call count as one."""
        unique = {posting.uuid: posting for posting in postings}
        known = set(
            self.env["pos.order"].sudo().search([("uuid", "in", list(unique))]).mapped("uuid")
        )
        return [posting for uuid, posting in unique.items() if uuid not in known]

    def _announce(self, orders):
        """Tell the wings what was sold and what was taken back."""
        lines = orders._wine_sale_lines()
        sold = [line for line in lines if not line.reverses]
        taken_back = [line for line in lines if line.reverses]
        if sold:
            self.env["pos.order"]._wine_posted(sold)
        if taken_back:
            self.env["pos.order"]._wine_reversed(taken_back)


class OrderWriter:
    """Values of orders for one batch, with everything that repeats looked up once."""

    def __init__(self, env, sessions):
        """:param dict sessions: region → locked open ``pos.session``"""
        self.env = env
        self.sessions = sessions
        self.methods = {region: region._payment_methods() for region in sessions}
        self.taxes = {}
        self.amounts = {}
        self.names = {}

    def order_values(self, posting):
        """Values of one paid order with its line and payment."""
        vend = posting.vend
        session = self.sessions[vend.region_id]
        taxes = self._taxes(vend.product_id, vend.company_id)
        net, gross = self._amounts(posting, taxes)
        name = f"{vend.region_id.code}/{vend.name}" + ("/R" if posting.reverses else "")
        refund = posting.reverses is not None
        return {
            "name": name,
            "pos_reference": name,
            "tracking_number": vend.name[-3:],
            "sequence_number": 1,
            "uuid": posting.uuid,
            "access_token": str(uuid4()),
            "session_id": session.id,
            "config_id": session.config_id.id,
            "company_id": vend.company_id.id,
            "sale_journal": session.config_id.journal_id.id,
            "currency_rate": self._rate(vend),
            "pricelist_id": session.config_id.pricelist_id.id,
            "fiscal_position_id": False,
            "user_id": SUPERUSER_ID,
            "partner_id": vend.partner_id.id,
            "email": vend.partner_id.email or "",
            "mobile": vend.partner_id.phone or "",
            "date_order": vend.moment,
            "amount_total": gross,
            "amount_tax": gross - net,
            "amount_paid": gross,
            "amount_return": 0,
            "is_refund": refund,
            "state": "paid",
            "wine_vend_id": vend.id,
            "wine_machine_id": vend.machine_id.id,
            "wine_region_id": vend.region_id.id,
            "wine_business_date": vend.business_date,
            "wine_stock_state": "pending" if posting.goods else "none",
            "lines": [Command.create(self._line(posting, taxes, net, gross))],
            "payment_ids": self._payments(posting, gross, session),
        }

    def _line(self, posting, taxes, net, gross):
        product = posting.vend.product_id
        reverses = posting.reverses
        return {
            "name": posting.vend.name,
            "uuid": str(uuid5(NAMESPACE_OID, f"{posting.uuid}/line")),
            "product_id": product.id,
            "full_product_name": self._product_name(product),
            "qty": posting.qty,
            "price_unit": posting.price,
            "price_subtotal": net,
            "price_subtotal_incl": gross,
            "tax_ids": [Command.set(taxes.ids)],
            "company_id": posting.vend.company_id.id,
            "refunded_orderline_id": reverses.lines[:1].id if reverses else False,
        }

    def _payments(self, posting, gross, session):
        if posting.pay_kind in UNPAID_KINDS or not gross:
            return []
        vend = posting.vend
        return [
            Command.create(
                {
                    "uuid": str(uuid5(NAMESPACE_OID, f"{posting.uuid}/payment")),
                    "amount": gross,
                    "payment_method_id": self.methods[vend.region_id][posting.pay_kind].id,
                    "payment_date": vend.moment,
                    "transaction_id": vend.pay_ref,
                    "session_id": session.id,
                    "company_id": vend.company_id.id,
                }
            )
        ]

    def _taxes(self, product, company):
        key = (product.id, company.id)
        if key not in self.taxes:
            found = self.env["account.tax"].sudo()._wine_machine_taxes(product, company)
            self.taxes[key] = found[product.id]
        return self.taxes[key]

    def _amounts(self, posting, taxes):
        """(net, gross) exactly as Odoo will find them again when it closes the session."""
        key = (tuple(taxes.ids), posting.price, posting.qty, posting.vend.company_id)
        if key not in self.amounts:
            vend = posting.vend
            AccountTax = self.env["account.tax"].sudo()
            base_line = AccountTax._prepare_base_line_for_taxes_computation(
                None,
                currency_id=vend.currency_id,
                product_id=vend.product_id,
                tax_ids=taxes,
                price_unit=posting.price,
                quantity=posting.qty,
                rate=1.0,
            )
            AccountTax._add_tax_details_in_base_line(base_line, vend.company_id)
            AccountTax._round_base_lines_tax_details([base_line], vend.company_id)
            details = base_line["tax_details"]
            net = details["total_excluded_currency"] + details["delta_total_excluded_currency"]
            tax = sum(data["tax_amount_currency"] for data in details["taxes_data"])
            self.amounts[key] = (net, vend.currency_id.round(net + tax))
        return self.amounts[key]

    def _rate(self, vend):
        """Machines sell in the currency of their company."""
        return 1.0

    def _product_name(self, product):
        if product.id not in self.names:
            self.names[product.id] = product.display_name
        return self.names[product.id]
