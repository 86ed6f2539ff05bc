# SPDX-License-Identifier: LGPL-3.0-or-later
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools.misc import clean_context

from ..core import after_sales

KINDS = [
    ("nothing", "Nothing came out"),
    ("wrong", "Wrong bottle"),
    ("bad", "Bad bottle"),
    ("overcharged", "Paid too much"),
    ("other", "Something else"),
]
STATES = [
    ("new", "New"),
    ("in_case", "Being looked into"),
    ("refunded", "Money back"),
    ("resolved", "Resolved"),
    ("rejected", "Rejected"),
]
CHANNELS = [
    ("web", "Web page"),
    ("portal", "Portal"),
    ("phone", "Phone"),
    ("site", "Site"),
    ("staff", "Staff"),
]
RESOLUTIONS = [
    ("refund", "Money back"),
    ("partial", "Part of the money back"),
    ("voucher", "Voucher"),
    ("before", "Money was back already"),
    ("none", "No money was kept"),
    ("explained", "Explained"),
]
#: only code of this addon holds this object; a context that comes from outside cannot
_FLOW = object()


class WineComplaint(models.Model):
    """A consumer (or the site that hosts the machine) says that a vend went wrong.

    The story, with who moves it on::

        new ─┬▶ refunded   the evidence proves that nothing came out, or the money is back already
             └▶ in_case ─┬▶ resolved   a person gives money back, all or a part, or explains
                         ├▶ rejected ─▶ in_case   no, with a reason; the consumer may come back
                         └▶ refunded   the machine's own word came late and settled it

    It is filed on the public page that the QR code of the machine opens, in the portal, or by a
    colleague who is told of it. The vend is found by what the consumer knows (minute, slot, price,
    last digits of the card, receipt code), never by showing other people's vends. Then
    ``core/after_sales`` decides by the evidence of the vend, of which a snapshot stays here.

    The hardest path: the machine is offline, so its failed vend is not known yet. The complaint
    waits in a case without a vend; ``_cron_look_again`` finds the vend when the machine speaks and
    decides then. Another one: page, retry, second phone, late machine and a colleague all give the
    same money back. They cannot: a refund has one identity, made from the vend and from what had
    gone back of it before (:meth:`WineVend._refund`), and complaints only point to it.
    """

    _name = "wine.complaint"
    _description = "Complaint"
    _inherit = ["portal.mixin", "mail.thread", "mail.activity.mixin", "wine.reach"]
    _order = "state, deadline, id desc"

    name = fields.Char("Number", required=True, readonly=True, copy=False, default="/")
    uuid = fields.Char(
        "Identity",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: str(uuid4()),
        help="The same complaint sent twice is one complaint.",
    )
    state = fields.Selection(
        STATES, required=True, readonly=True, default="new", tracking=True, index=True
    )
    channel = fields.Selection(CHANNELS, required=True, readonly=True, default="staff")
    kind = fields.Selection(KINDS, "What happened", required=True, default="nothing")
    # where
    machine_id = fields.Many2one("wine.machine", index=True)
    machine_said = fields.Char("Machine, as written", readonly=True)
    region_id = fields.Many2one("wine.region", readonly=True, index=True)
    site_id = fields.Many2one("wine.site", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    vend_id = fields.Many2one("wine.vend", index="btree_not_null", tracking=True)
    supplier_id = fields.Many2one(
        "res.partner", "Supplier of the bottle", readonly=True, index="btree_not_null"
    )
    # what the consumer knows of the vend
    happened_at = fields.Datetime("When, about", default=fields.Datetime.now, required=True)
    slot_code = fields.Char("Slot")
    amount_claimed = fields.Monetary("Paid, as said")
    card_last4 = fields.Char("Last 4 digits of the card", size=4)
    receipt_code = fields.Char(help="The last eight signs of the vend's identity.")
    match = fields.Selection(
        [("none", "No vend found"), ("weak", "One of several"), ("strong", "Found")],
        "Vend is",
        readonly=True,
        default="none",
        required=True,
    )
    # who
    partner_id = fields.Many2one("res.partner", "Consumer", index="btree_not_null")
    contact_name = fields.Char("Name")
    email = fields.Char()
    phone = fields.Char()
    lang = fields.Char("Language", default=lambda self: self.env.lang, readonly=True)
    source_hash = fields.Char(readonly=True, groups="base.group_system")
    text = fields.Text("In the consumer's words")
    photo_ids = fields.Many2many("ir.attachment", string="Photos", readonly=True)
    # what became of it
    deadline = fields.Date(tracking=True, help="By when a person has answered.")
    user_id = fields.Many2one("res.users", "Owner", tracking=True)
    case_id = fields.Many2one("wine.case", readonly=True, index="btree_not_null")
    evidence = fields.Json(readonly=True, copy=False)
    reason = fields.Char("Reason code", readonly=True, copy=False)
    told = fields.Json(readonly=True, copy=False)
    automatic = fields.Boolean("Without a person", readonly=True, copy=False)
    resolution = fields.Selection(RESOLUTIONS, readonly=True, tracking=True)
    refund_order_id = fields.Many2one("pos.order", "Refund", readonly=True, copy=False)
    amount_refunded = fields.Monetary("Given back", readonly=True, copy=False)
    amount_decided = fields.Monetary("Give back", help="All that is left of the vend, or a part.")
    as_voucher = fields.Boolean("As a voucher", help="Instead of the way it was paid.")
    spoiled_text = fields.Char("What was wrong with it", help="Corked, oxidised, leaking, broken…")
    answer = fields.Text("Answer to the consumer")
    decided_by_id = fields.Many2one("res.users", "Decided by", readonly=True, copy=False)
    decided_at = fields.Datetime(readonly=True, copy=False)

    _uuid_unique = models.Constraint("UNIQUE(uuid)", "This complaint is filed already.")
    _token_unique = models.UniqueIndex("(access_token) WHERE access_token IS NOT NULL")
    _by_source = models.Index("(source_hash, create_date) WHERE source_hash IS NOT NULL")
    _by_machine = models.Index("(machine_id, create_date)")
    _last4 = models.Constraint(
        "CHECK(card_last4 IS NULL OR card_last4 ~ '^[0-9]{4}$')",
        "The last digits of the card are four digits.",
    )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """Anyone of the region may file; what follows from that is ours to fill in."""
        self.browse().check_access("create")
        self._check_reach(vals_list)
        self._check_filed(vals_list)
        filing = self.with_env(self.env(su=True, context=clean_context(self.env.context)))
        complaints = super(WineComplaint, filing).create(
            [self._completed(vals) for vals in vals_list]
        )
        complaints = complaints.with_env(self.env)
        complaints.check_access("create")
        return complaints

    def _check_filed(self, vals_list):
        """What is filed is written as superuser: nothing that reaches into other records.

        :raise AccessError: values of a relation to many, or of what is ours to give
        """
        if self.env.su:
            return
        for name in set().union(*vals_list):
            field = self._fields.get(name)
            many = field and field.type in ("one2many", "many2many")
            if many or name in ("name", "access_token", "source_hash"):
                raise AccessError(self.env._("%s is not part of a complaint that is filed.", name))

    def _completed(self, vals):
        """Where it belongs, as it is now: a machine that moves later takes no complaint along."""
        machine = self.env["wine.machine"].sudo().browse(vals.get("machine_id"))
        vend = self.env["wine.vend"].sudo().browse(vals.get("vend_id"))
        machine = vend.machine_id or machine
        region = vend.region_id or machine.region_id
        return {
            "name": self.env["ir.sequence"].sudo().next_by_code("wine.complaint"),
            "access_token": str(uuid4()),
            **vals,
            "machine_id": machine.id,
            "region_id": region.id,
            "site_id": machine.site_id.id,
            "company_id": region.company_id.id,
            "currency_id": (region.currency_id or self.env.company.currency_id).id,
        }

    def write(self, vals):
        if "state" in vals and self.env.context.get("wine_flow") is not _FLOW:
            raise UserError(
                self.env._("The state of a complaint follows its decision and cannot be written.")
            )
        if "machine_id" in vals and not self.env.su:
            raise AccessError(
                self.env._("A complaint stays with its machine. File another one instead.")
            )
        return super().write(vals)

    @api.constrains("vend_id")
    def _check_vend(self):
        for complaint in self.filtered("vend_id"):
            if complaint.vend_id.machine_id != complaint.machine_id:
                raise ValidationError(
                    self.env._(
                        "%(vend)s is a vend of %(other)s, the complaint is about %(machine)s.",
                        vend=complaint.vend_id.name,
                        other=complaint.vend_id.machine_id.name,
                        machine=complaint.machine_id.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A complaint was made and cannot be deleted."))

    def _compute_access_url(self):
        for complaint in self:
            complaint.access_url = f"/wine/help/status/{complaint.sudo().access_token}"

    # === THE ONE DOOR TO A STATE === #

    def _update_state(self, target, **values):
        """Move complaints to ``target`` where that is allowed; there already: nothing happens.

        :return: the complaints that moved
        """
        moving = self.filtered(lambda one: after_sales.may_follow(one.state, target))
        if moving:
            moving.with_context(wine_flow=_FLOW).write({"state": target, **values})
        return moving
