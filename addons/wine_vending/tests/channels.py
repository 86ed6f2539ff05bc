# SPDX-License-Identifier: LGPL-3.0-or-later
"""Kit: a shop with a till, a website's orders with real payments, and what the wings are told."""

from uuid import uuid4

from odoo import Command, fields

from .common import WineCommon


class ChannelCommon(WineCommon):
    """A customer, wines with 10 % tax in the price, and a record of what the wings are told."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Tax = cls.env["account.tax"]
        tax = {"amount": 10, "amount_type": "percent", "type_tax_use": "sale"}
        cls.tax_on_top = Tax.create({**tax, "name": "10 % on top"})
        cls.tax_within = Tax.create(
            {**tax, "name": "10 % within", "price_include_override": "tax_included"}
        )
        cls.customer = cls.env["res.partner"].create({"name": "Norbert Buyer"})
        cls.grower = cls.env["res.partner"].create({"name": "Grower"})
        cls.red = cls.make_bottle("C-RED", 110.0, cls.tax_within, cost=40.0)
        cls.white = cls.make_bottle("C-WHITE", 33.0, cls.tax_within, cost=10.0)

    @classmethod
    def make_bottle(cls, sku, price, taxes, **values):
        return cls.make_wine(
            sku,
            price,
            taxes_id=[Command.set(taxes.ids)],
            wine_volume_ml=750,
            invoice_policy="order",
            available_in_pos=True,
            seller_ids=[Command.create({"partner_id": cls.grower.id})],
            **values,
        )

    def setUp(self):
        super().setUp()
        self.posted, self.reversed = [], []
        self.listen("_wine_posted", self.posted)
        self.listen("_wine_reversed", self.reversed)

    def listen(self, name, heard):
        """Note what the hook is told, then let it do what it does."""
        model = type(self.env["pos.order"])
        original = getattr(model, name)

        def hook(orders, lines):
            heard.extend(lines)
            return original(orders, lines)

        self.patch(model, name, hook)

    def told(self):
        """What has been told since the last time: (sold, taken back)."""
        self.env.flush_all()
        result = list(self.posted), list(self.reversed)
        self.posted.clear()
        self.reversed.clear()
        return result

    def balance(self, field="gross"):
        """Everything that was announced of till and website, less what was taken back."""
        self.env.invalidate_all()
        lines = self.env["wine.sale.line"].search([])._sale_lines()
        return sum(getattr(line, field) for line in lines)


class ShopCommon(ChannelCommon):
    """A shop in the region: a till of its own, cash and card."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Journal = cls.env["account.journal"]
        journals = [
            Journal.create({"name": "Till", "type": "cash", "code": "TTILL"}),
            Journal.create({"name": "Terminal", "type": "bank", "code": "TTERM"}),
        ]
        cls.cash, cls.card = (
            cls.env["pos.payment.method"].create({"name": j.name, "journal_id": j.id})
            for j in journals
        )
        cls.till = cls.make_till()
        cls.till.open_ui()
        cls.till.current_session_id.set_opening_control(0, "")

    @classmethod
    def make_till(cls, **values):
        return cls.env["pos.config"].create(
            {
                "name": "Shop",
                "payment_method_ids": [Command.set((cls.cash | cls.card).ids)],
                "picking_type_id": cls.region.warehouse_id.pos_type_id.id,
                "warehouse_id": cls.region.warehouse_id.id,
                **values,
            }
        )

    def line(self, product, qty=1, price=None, discount=0.0, refunds=None):
        """What the till sends of one line."""
        price = product.list_price if price is None else price
        taxes = product.taxes_id.compute_all(
            price * (1 - discount / 100), self.company.currency_id, qty, product
        )
        return {
            "uuid": str(uuid4()),
            "product_id": product.id,
            "qty": qty,
            "price_unit": price,
            "discount": discount,
            "price_subtotal": taxes["total_excluded"],
            "price_subtotal_incl": taxes["total_included"],
            "tax_ids": [Command.set(product.taxes_id.ids)],
            "full_product_name": product.name,
            "pack_lot_ids": [],
            **({"refunded_orderline_id": refunds.id} if refunds else {}),
        }

    def ticket(self, *lines, paid=None, method=None, **values):
        """What the till sends of a whole order."""
        total = sum(line["price_subtotal_incl"] for line in lines)
        net = sum(line["price_subtotal"] for line in lines)
        paid = total if paid is None else paid
        method = method or self.card
        reference = f"Order {uuid4()}"
        return {
            "uuid": str(uuid4()),
            "name": reference,
            "pos_reference": reference,
            "tracking_number": "001",
            "sequence_number": 1,
            "access_token": str(uuid4()),
            "session_id": self.till.current_session_id.id,
            "state": "paid",
            "user_id": self.env.uid,
            "partner_id": self.customer.id,
            "date_order": fields.Datetime.to_string(fields.Datetime.now()),
            "fiscal_position_id": False,
            "to_invoice": False,
            "pricelist_id": False,
            "company_id": self.company.id,
            "amount_return": 0,
            "amount_total": total,
            "amount_paid": paid,
            "amount_tax": total - net,
            "is_refund": total < 0,
            "lines": [Command.create(line) for line in lines],
            "payment_ids": [
                Command.create(
                    {
                        "uuid": str(uuid4()),
                        "amount": paid,
                        "payment_method_id": method.id,
                        "name": "now",
                        "payment_date": fields.Datetime.to_string(fields.Datetime.now()),
                    }
                )
            ],
            **values,
        }

    def sync(self, ticket):
        """The till synchronises an order; returns it."""
        self.env["pos.order"].sync_from_ui([dict(ticket)])
        return self.env["pos.order"].search([("uuid", "=", ticket["uuid"])])

    def sell(self, *lines, **values):
        return self.sync(self.ticket(*lines, **values))


class WebsiteCommon(ChannelCommon):
    """Orders of the website: paid by a provider's transactions, or by invoice and bank transfer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Journal = cls.env["account.journal"]
        cls.bank = Journal.create({"name": "Bank", "type": "bank", "code": "TBANK"})
        cls.method = cls.env.ref("payment.payment_method_unknown")
        cls.provider = cls.env["payment.provider"].create(
            {
                "name": "Provider",
                "code": "none",
                "state": "test",
                "payment_method_ids": [Command.set(cls.method.ids)],
                "journal_id": cls.bank.id,
            }
        )
        cls.method.active = True
        line = cls.bank.inbound_payment_method_line_ids[:1].copy(
            {"name": "Provider", "payment_provider_id": cls.provider.id}
        )
        line.journal_id = cls.bank

    def make_order(self, *lines, **values):
        """A quotation; a line is (product, quantity) or (product, quantity, discount)."""
        return self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "warehouse_id": self.region.warehouse_id.id,
                "order_line": [
                    Command.create(
                        {"product_id": product.id, "product_uom_qty": qty, "discount": sum(rest)}
                    )
                    for product, qty, *rest in lines
                ],
                **values,
            }
        )

    def pay(self, order, amount=None, state="done"):
        """A transaction of the provider, processed as its notification would be."""
        amount = order.amount_total if amount is None else amount
        transaction = self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "reference": str(uuid4()),
                "amount": amount,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "sale_order_ids": [Command.set(order.ids)],
                "operation": "online_redirect",
            }
        )
        getattr(transaction, f"_set_{state}")()
        transaction._post_process()
        return transaction

    def invoice(self, order, final=True):
        invoice = order._create_invoices(final=final)
        invoice.action_post()
        return invoice

    def transfer(self, invoice, amount=None):
        """The customer pays by bank transfer: the register payment wizard."""
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": self.bank.id})
        )
        if amount is not None:
            wizard.amount = amount
        wizard.action_create_payments()

    def credit(self, invoice, quantities=None, post=True):
        """A credit note by the wizard; ``quantities`` by product where it is only a part."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "reason": "goods came back"})
        )
        credit_note = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        for line in credit_note.invoice_line_ids if quantities else ():
            quantity = quantities.get(line.product_id)
            credit_note.write(
                {
                    "invoice_line_ids": [
                        Command.update(line.id, {"quantity": quantity})
                        if quantity
                        else Command.delete(line.id)
                    ]
                }
            )
        if post:
            credit_note.action_post()
        return credit_note
