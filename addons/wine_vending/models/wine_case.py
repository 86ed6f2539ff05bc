# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.sql import column_exists, rename_column

from ..core.told import Told
from .wine_told import as_told, read_told
from .wine_vend_actions import told_to_wait

KINDS = [
    ("unknown", "Outcome of a vend unknown"),
    ("late", "Bottle came out after the payment was let go"),
    ("owed", "Cash owed to a consumer"),
    ("conflict", "Machine says two things"),
    ("orphan", "Result without a vend"),
    ("count", "Count differs"),
    ("message", "Message could not be used"),
    ("session", "Session does not close"),
    ("complaint", "Complaint of a consumer"),
]


class WineCase(models.Model):
    """Something that a person must decide.

    **open** → **decided**. A case holds what is known and what depends on it. A case of a vend
    whose outcome is unknown is decided by one of two words, *it came out* or *it did not*, and the
    vend goes on from there; every other case is closed with a note. The same question is asked
    once: a second fact with the same reference lands in the same open case. Where the machine tells
    the outcome after all before anybody decided, the case closes by itself. What is known is kept
    as a sentence with its arguments and read in the language of whoever opens the case.
    """

    _name = "wine.case"
    _description = "Case"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "state desc, deadline, id desc"

    name = fields.Char("Number", required=True, readonly=True, copy=False, default="/")
    kind = fields.Selection(KINDS, required=True, readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("decided", "Decided")],
        default="open",
        required=True,
        readonly=True,
        tracking=True,
        index=True,
    )
    text = fields.Text("What is known", compute="_compute_text", search="_search_text")
    text_source = fields.Text("What is known, as written", readonly=True)
    told = fields.Json("What is known, to be translated", readonly=True)
    reference = fields.Char(readonly=True, index="btree_not_null")
    vend_id = fields.Many2one("wine.vend", readonly=True, index="btree_not_null")
    complaint_ids = fields.One2many("wine.complaint", "case_id", "Complaints", readonly=True)
    machine_id = fields.Many2one("wine.machine", readonly=True, index="btree_not_null")
    region_id = fields.Many2one("wine.region", readonly=True, index="btree_not_null")
    amount = fields.Monetary("Amount at stake", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    user_id = fields.Many2one("res.users", "Owner", tracking=True)
    deadline = fields.Date()
    decision = fields.Char(readonly=True, tracking=True)
    decided_by_id = fields.Many2one("res.users", "Decided by", readonly=True)
    decided_at = fields.Datetime(readonly=True)

    _one_open = models.UniqueIndex(
        "(kind, reference) WHERE state = 'open' AND reference IS NOT NULL",
        "This case is already open.",
    )

    def _auto_init(self):
        """What cases said before it was translated for its reader stays what they say."""
        cr = self.env.cr
        if column_exists(cr, self._table, "text") and not column_exists(
            cr, self._table, "text_source"
        ):
            rename_column(cr, self._table, "text", "text_source")
        return super()._auto_init()

    @api.depends("text_source", "told")
    @api.depends_context("lang")
    def _compute_text(self):
        for case in self:
            case.text = read_told(self.env, case.told or case.text_source)

    def _search_text(self, operator, value):
        return [("text_source", operator, value)]

    @api.model_create_multi
    def create(self, vals_list):
        """``text`` may be plain, a sentence of the core or a lazy translation of Odoo."""
        for vals in vals_list:
            text = as_told(vals.pop("text", None))
            if text is not None:
                vals["text_source"] = str(text)
                vals["told"] = text.to_json() if isinstance(text, Told) else False
        return super().create(vals_list)

    @api.model
    def _open_case(self, kind, *, region=None, machine=None, reference=None, text="", amount=0):
        """Open one case, or return the open one of the same kind and reference.

        :param text: plain, or a sentence to be translated: ``_lt`` of ``core/told`` or of Odoo
        """
        region = region or (machine.region_id if machine else self.env["wine.region"])
        return self._open_cases(
            [
                {
                    "kind": kind,
                    "region_id": region.id,
                    "machine_id": machine.id if machine else False,
                    "currency_id": region.currency_id.id,
                    "reference": reference,
                    "text": text,
                    "amount": amount,
                }
            ]
        )

    @api.model
    def _open_cases(self, vals_list):
        """Open cases in one go; an open one of the same kind and reference is kept."""
        if not vals_list:
            return self.browse()
        references = [vals["reference"] for vals in vals_list if vals.get("reference")]
        existing = {
            (case.kind, case.reference): case
            for case in self.sudo().search(
                [("state", "=", "open"), ("reference", "in", references)]
            )
        }
        fresh, asked = {}, self.browse()
        for vals in vals_list:
            key = (vals["kind"], vals.get("reference") or id(vals))
            if key in existing:
                asked |= existing[key]
            else:
                fresh[key] = vals
        names = self.env["ir.sequence"].sudo()
        today = fields.Date.today()
        for vals in fresh.values():
            vals.setdefault("name", names.next_by_code("wine.case"))
            vals.setdefault("deadline", fields.Date.add(today, days=2))
        created = self.sudo().with_context(tracking_disable=True).create(list(fresh.values()))
        return created | asked

    def action_came_out(self):
        """The bottle came out: the vend is a sale."""
        self._decide_vend(True, self.env._("It came out: sold"))

    def action_did_not(self):
        """The bottle did not come out: money back."""
        self._decide_vend(False, self.env._("It did not come out: money back"))

    def _decide_vend(self, came_out, words):
        self.check_access("write")
        self.vend_id._check_decider()
        self.vend_id.sudo()._hold()
        settled = self.filtered(lambda case: case.vend_id.sudo().state != "unknown")
        for case in self:
            if not case.vend_id or case.kind != "unknown":
                raise UserError(
                    self.env._(
                        "%s is not about the outcome of a vend. Close it with a note.", case.name
                    )
                )
            with told_to_wait(self.env):
                case.vend_id.sudo()._decide(came_out)
        settled._close_settled()
        (self - settled)._close(words)

    def _close_settled(self):
        """The machine told the outcome before anybody decided it: nobody need act."""
        for case in self:
            state = case.sudo().vend_id._label("state")
            case._close(self.env._("The machine told it after all: %s", state))

    def action_close(self):
        """Close after having done what was needed."""
        for case in self:
            waiting = case.sudo().complaint_ids.filtered(lambda one: one.state == "in_case")
            if waiting:
                raise UserError(
                    self.env._(
                        "A consumer waits for an answer to %s. Decide the complaint and this case "
                        "closes by itself.",
                        waiting[0].name,
                    )
                )
            if case.kind == "unknown" and case.vend_id.state == "unknown":
                raise UserError(
                    self.env._(
                        "%s holds a consumer's money. Decide whether the bottle came out.",
                        case.name,
                    )
                )
        self._close(self.env._("Closed"))

    def _close(self, words):
        self.check_access("write")
        # what a case says and what became of it is not edited, it is decided
        self.filtered(lambda case: case.state == "open").sudo().write(
            {
                "state": "decided",
                "decision": words,
                "decided_by_id": self.env.uid,
                "decided_at": fields.Datetime.now(),
            }
        )
