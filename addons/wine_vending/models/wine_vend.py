# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core import vend_flow

_logger = logging.getLogger(__name__)

STATES = [
    ("draft", "Draft"),
    ("reserved", "Reserved"),
    ("authorised", "Authorised"),
    ("accepted", "Accepted by machine"),
    ("dispensing", "Dispensing"),
    ("dispensed", "Dispensed"),
    ("partial", "Partly dispensed"),
    ("failed", "Failed"),
    ("unknown", "Outcome unknown"),
    ("captured", "Sold"),
    ("voided", "Voided"),
    ("refunded", "Refunded"),
]
PAY_KINDS = [
    ("cash", "Cash"),
    ("card", "Card"),
    ("qr", "QR"),
    ("wallet", "Stored value"),
    ("voucher", "Voucher"),
    ("free", "Free"),
    ("test", "Test"),
]
OUTCOMES = [
    ("success", "Success"),
    ("partial", "Partial"),
    ("failed", "Failed"),
    ("unknown", "Unknown"),
]
#: only code of this addon holds this object; a context that comes from outside cannot
_FLOW = object()


class WineVend(models.Model):
    """One attempt to deliver one slot's goods.

    The story, with who moves it on::

        draft ─▶ reserved ─▶ authorised ─▶ accepted ─▶ dispensing ─┬▶ dispensed ─▶ captured (sold)
        (platform: slot held, payment authorised)  (machine)       ├▶ partial ──▶ captured in part
                                                                   ├▶ failed ───▶ voided | refunded
                                                                   └▶ unknown ──▶ a case

    A sale begun and paid at the machine arrives with its outcome and walks the same way in one
    step. *Voided* means that no money was kept: the authorisation was let go, or the machine itself
    gave the money back. *Refunded* means that money had been taken and an order says that it went
    back. An unknown outcome is neither captured nor refunded by itself: a person decides, and the
    vend goes on from there. What the machine says of it later moves nothing any more: where it
    differs from the decision, a case asks somebody to weigh the two.

    The sale itself is the ``pos.order`` that the vend links to, its refund another one that
    reverses its line. A state changes through ``_update_state`` only; doing it again changes
    nothing.
    """

    _name = "wine.vend"
    _description = "Vend"
    _order = "moment desc, id desc"

    name = fields.Char("Reference", required=True, readonly=True, copy=False, default="/")
    uuid = fields.Char(
        "Vend id", required=True, readonly=True, copy=False, default=lambda self: str(uuid4())
    )
    origin = fields.Selection(
        [("device", "At the machine"), ("platform", "By the platform")],
        required=True,
        readonly=True,
        default="platform",
    )
    state = fields.Selection(STATES, required=True, readonly=True, default="draft", index=True)
    machine_id = fields.Many2one(
        "wine.machine", required=True, readonly=True, index=True, ondelete="restrict"
    )
    slot_id = fields.Many2one("wine.machine.slot", "Lane", readonly=True, ondelete="set null")
    slot_code = fields.Char("Slot", readonly=True)
    region_id = fields.Many2one("wine.region", required=True, readonly=True, index=True)
    site_id = fields.Many2one("wine.site", readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    product_id = fields.Many2one("product.product", required=True, readonly=True, index=True)
    partner_id = fields.Many2one("res.partner", "Consumer", readonly=True, index="btree_not_null")
    # what was asked
    qty = fields.Integer("Bottles", readonly=True, default=1)
    ml = fields.Integer("Volume (ml)", readonly=True, help="Asked volume of a pour, else 0.")
    price = fields.Monetary("Unit price", readonly=True)
    amount_total = fields.Monetary("Asked amount", readonly=True)
    price_version = fields.Integer("Planogram version", readonly=True)
    pay_kind = fields.Selection(PAY_KINDS, "Paid by", readonly=True, required=True)
    pay_ref = fields.Char("Payment reference", readonly=True)
    payment_state = fields.Selection(
        [
            ("none", "Nothing taken"),
            ("authorised", "Authorised"),
            ("void_pending", "To be voided"),
            ("voided", "Voided"),
            ("captured", "Captured"),
            ("refunded", "Refunded"),
        ],
        "Payment",
        readonly=True,
        required=True,
        default="none",
    )
    # what came of it
    outcome = fields.Selection(OUTCOMES, readonly=True)
    decided_at = fields.Datetime("Outcome decided", readonly=True)
    told_outcome = fields.Selection(
        OUTCOMES,
        "Outcome as the machine tells it",
        readonly=True,
        help="Of a vend whose outcome was decided here: what its machine said, before or after.",
    )
    sensor = fields.Selection(
        [
            ("confirmed", "Saw the bottle"),
            ("absent", "Saw nothing"),
            ("none", "No sensor"),
            ("fault", "Sensor fault"),
        ],
        readonly=True,
    )
    motor_code = fields.Char(readonly=True)
    reject_code = fields.Char("Refused because", readonly=True)
    qty_done = fields.Integer("Bottles out", readonly=True)
    ml_done = fields.Integer("Volume out (ml)", readonly=True)
    amount_captured = fields.Monetary("Sold for", readonly=True)
    amount_refunded = fields.Monetary("Refunded", readonly=True)
    flag = fields.Selection(
        [
            ("price", "Other price than planned"),
            ("version", "Unknown planogram version"),
            ("product", "Other product than planned"),
        ],
        "Remark",
        readonly=True,
        index="btree_not_null",
        help="The sale is booked as it happened; this says what was not as planned.",
    )
    # when
    moment = fields.Datetime("Happened at", required=True, readonly=True, index=True)
    business_date = fields.Date(required=True, readonly=True, index=True)
    device_time = fields.Datetime("By the machine's clock", readonly=True)
    clock_trusted = fields.Boolean("Machine's clock used", readonly=True, default=True)
    received_at = fields.Datetime("Received", readonly=True)
    authorised_at = fields.Datetime(readonly=True)
    expires_at = fields.Datetime(readonly=True)
    accepted_at = fields.Datetime(readonly=True)
    started_at = fields.Datetime(readonly=True)
    device_epoch = fields.Integer("Epoch of the machine", readonly=True)
    device_seq = fields.Float("Number at the machine", digits=(16, 0), readonly=True)
    ended_at = fields.Datetime(readonly=True)
    order_ids = fields.One2many("pos.order", "wine_vend_id", "Orders", readonly=True)
    case_ids = fields.One2many("wine.case", "vend_id", "Cases", readonly=True)
    complaint_ids = fields.One2many("wine.complaint", "vend_id", "Complaints", readonly=True)

    _uuid_unique = models.Constraint("UNIQUE(uuid)", "This vend is already known.")
    _by_slot = models.Index("(slot_id, device_epoch, device_seq)")
    _waiting = models.Index("(expires_at) WHERE state = 'authorised'")
    _begun = models.Index("(expires_at) WHERE state IN ('accepted', 'dispensing')")
    _to_void = models.Index("(ended_at) WHERE payment_state = 'void_pending'")
    _positive = models.Constraint("CHECK(qty > 0)", "A vend delivers at least one bottle.")

    # === CRUD === #

    def write(self, vals):
        if "state" in vals and self.env.context.get("wine_flow") is not _FLOW:
            raise UserError(
                self.env._("The state of a vend follows what happened and cannot be written.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A vend has happened and cannot be deleted."))

    @api.model
    def _next_names(self, count):
        """``count`` fresh references in one query; gaps are of no consequence here."""
        sequence = self.env.ref("wine_vending.sequence_wine_vend").sudo()
        rows = self.env.execute_query(
            SQL(
                "SELECT nextval(%s) FROM generate_series(1, %s)",
                f"ir_sequence_{sequence.id:03d}",
                count,
            )
        )
        return [f"{sequence.prefix or ''}{row[0]:0{sequence.padding}d}" for row in rows]

    def _position(self):
        """(epoch, seq) of the fact that said what came out, or None."""
        self.ensure_one()
        return (self.device_epoch, int(self.device_seq)) if self.device_epoch else None

    # === THE ONE DOOR TO A STATE === #

    def _update_state(self, target, **values):
        """Move vends to ``target`` where their present state allows it.

        A vend that is there already is left alone, silently; one that may not go there is left
        alone and logged.

        :param str target: a state of :mod:`vend_flow`
        :param values: other fields to write with it
        :return: the vends that moved
        """
        moving = self.filtered(lambda vend: vend_flow.may_follow(vend.state, target))
        for vend in self - moving:
            if vend.state != target:
                _logger.warning("vend %s stays %s, not %s", vend.uuid, vend.state, target)
        if moving:
            moving.with_context(wine_flow=_FLOW).write({"state": target, **values})
        return moving

    def _write_flow(self, values):
        """Write the folded result of several allowed steps at once (the batch path)."""
        return self.with_context(wine_flow=_FLOW).write(values)

    # === HOOKS FOR THE WINGS === #

    def _price_offers(self):
        """Offers that lower the price of reserved vends; empty here.

        :return: dict vend id → unit price that the consumer pays
        """
        return {}

    def _capture_payment(self):
        """Take the authorised money of these vends at the payment side; empty here."""

    def _void_payment(self):
        """Let the authorised money of these vends go at the payment side; empty here."""

    def _refund_payment(self, amount):
        """Give money back at the payment side under the vend's refund key; empty here."""
