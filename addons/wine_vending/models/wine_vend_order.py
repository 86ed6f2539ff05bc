# SPDX-License-Identifier: LGPL-3.0-or-later
from dataclasses import dataclass
from uuid import NAMESPACE_OID, uuid4, uuid5

from odoo import SUPERUSER_ID, Command, api, models

from ..bulk import bulk_create

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
    before: int = 0  #: minor units that an earlier refund of this vend gave back

    @property
    def uuid(self):
        """The same posting has the same identity for ever: no retry posts twice."""
        return order_uuid(self.vend.uuid, self.step)

    @property
    def step(self):
        """``sale``, ``refund``, or a further refund by what had gone back before it."""
        if self.reverses is None:
            return "sale"
        return f"refund/{self.before}" if self.before else "refund"


def order_uuid(vend_uuid, step):
    """Identity of an order of a vend; ``step`` as in :attr:`Posting.step`."""
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
        writer = OrderWriter(self.env, sessions, postings)
        orders = writer.post(postings)
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

    def __init__(self, env, sessions, postings):
        """:param dict sessions: region → locked open ``pos.session``"""
        self.env = env
        self.sessions = sessions
        self.methods = {region: region._payment_methods() for region in sessions}
        self.taxes = self._load_taxes(postings)
        self.amounts = {}
        self.names = {}

    def post(self, postings):
        """Orders, then their lines, then their payments, an INSERT each."""
        orders = self._create("pos.order", [self._order(posting) for posting in postings])
        pairs = list(zip(postings, orders, strict=True))
        self._create("pos.order.line", [self._line(posting, order) for posting, order in pairs])
        payments = [self._payment(posting, order) for posting, order in pairs]
        self._create("pos.payment", [payment for payment in payments if payment])
        return orders

    def _load_taxes(self, postings):
        """{company: {product id: taxes}} of the batch."""
        AccountTax = self.env["account.tax"].sudo()
        vends = self.env["wine.vend"].union(*(posting.vend for posting in postings))
        return {
            company: AccountTax._wine_machine_taxes(of_company.product_id, company)
            for company, of_company in vends.grouped("company_id").items()
        }

    def _create(self, model, values):
        context = {"tracking_disable": True, "mail_notrack": True, "wine_batch": True}
        records = self.env[model].with_user(SUPERUSER_ID).with_context(**context)
        return bulk_create(records, values).with_env(self.env)

    def _order(self, posting):
        """Values of one paid order."""
        vend = posting.vend
        session = self.sessions[vend.region_id]
        taxes = self._taxes(vend.product_id, vend.company_id)
        net, gross = self._amounts(posting, taxes)
        currency = vend.currency_id
        name = f"{vend.region_id.code}/{vend.name}"
        if posting.reverses:
            name += f"/R{posting.before or ''}"
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
            "amount_tax": currency.round(gross - net),
            "amount_difference": 0,
            "amount_paid": gross,
            "amount_return": 0,
            "is_refund": refund,
            "state": "paid",
            "wine_vend_id": vend.id,
            "wine_machine_id": vend.machine_id.id,
            "wine_region_id": vend.region_id.id,
            "wine_business_date": vend.business_date,
            "wine_stock_state": "pending" if posting.goods else "none",
        }

    def _line(self, posting, order):
        product = posting.vend.product_id
        taxes = self._taxes(product, posting.vend.company_id)
        net, gross = self._amounts(posting, taxes)
        reverses = posting.reverses
        return {
            "order_id": order.id,
            "name": posting.vend.name,
            "uuid": str(uuid5(NAMESPACE_OID, f"{posting.uuid}/line")),
            "product_id": product.id,
            "full_product_name": self._product_name(product),
            "qty": posting.qty,
            "price_unit": posting.price,
            "price_subtotal": net,
            "price_subtotal_incl": gross,
            "tax_ids": [Command.set(taxes.ids)],
            "discount": 0.0,
            "company_id": posting.vend.company_id.id,
            "refunded_orderline_id": reverses.lines[:1].id if reverses else False,
        }

    def _payment(self, posting, order):
        """Values of the payment, or None where no money moves."""
        vend = posting.vend
        _net, gross = self._amounts(posting, self._taxes(vend.product_id, vend.company_id))
        if posting.pay_kind in UNPAID_KINDS or not gross:
            return None
        cash = posting.pay_kind == "cash"
        return {
            "pos_order_id": order.id,
            "uuid": str(uuid5(NAMESPACE_OID, f"{posting.uuid}/payment")),
            "amount": gross,
            "payment_method_id": self.methods[vend.region_id][posting.pay_kind].id,
            "payment_date": vend.moment,
            "transaction_id": vend.pay_ref,
            "session_id": self.sessions[vend.region_id].id,
            "company_id": vend.company_id.id,
            "wine_cash_machine_id": vend.machine_id.id if cash else False,
            "wine_cash_late": cash and vend.machine_id._is_cash_late(vend),
        }

    def _taxes(self, product, company):
        return self.taxes[company][product.id]

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
