# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models

from ..core.rules import ROLES
from .wine_share_entry import CHANNELS, ROLE_NAMES


class WineShareReport(models.Model):
    """What was earned, is held, may be paid and was paid, by role, region and partner.

    A row is one ledger line of somebody who shares (the pool is the other side of each and left
    out), with its amount in the column of its state. Nothing is stored: the ledger is the report.
    """

    _name = "wine.share.report"
    _description = "Shares by role and region"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "date"
    _depends = {
        "wine.share.entry": [
            "account_id",
            "accrual_id",
            "amount",
            "channel",
            "company_id",
            "currency_id",
            "date",
            "dispute_case_id",
            "held_for",
            "kind",
            "machine_id",
            "partner_id",
            "region_id",
            "role",
            "site_id",
            "state",
        ],
    }

    date = fields.Date("Business day", readonly=True)
    region_id = fields.Many2one("wine.region", readonly=True)
    site_id = fields.Many2one("wine.site", readonly=True)
    machine_id = fields.Many2one("wine.machine", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    partner_id = fields.Many2one("res.partner", readonly=True)
    role = fields.Selection([(role, ROLE_NAMES[role]) for role in ROLES], readonly=True)
    channel = fields.Selection(CHANNELS, readonly=True)
    amount = fields.Monetary("Earned", readonly=True, help="Refunds taken off.")
    partner_amount = fields.Monetary(
        "Earned by partners", readonly=True, help="Without the part of the platform."
    )
    accrued = fields.Monetary(readonly=True, help="Owed to partners and in the books.")
    held = fields.Monetary(readonly=True)
    disputed = fields.Monetary(readonly=True)
    available = fields.Monetary(readonly=True)
    settling = fields.Monetary("In settlement", readonly=True)
    paid = fields.Monetary(readonly=True)
    taken_back = fields.Monetary(readonly=True, help="Given back by refunds.")

    @property
    def _table_query(self):
        return """
            SELECT entry.id, entry.date, entry.region_id, entry.site_id, entry.machine_id,
                   entry.company_id, entry.currency_id, entry.partner_id, entry.role,
                   entry.channel, entry.amount,
                   CASE WHEN entry.account_kind = 'party' THEN entry.amount ELSE 0 END
                       AS partner_amount,
                   CASE WHEN entry.account_kind = 'party' AND entry.accrual_id IS NOT NULL
                        THEN entry.amount ELSE 0 END AS accrued,
                   CASE WHEN entry.account_kind = 'party' AND entry.state = 'held'
                        THEN entry.amount ELSE 0 END AS held,
                   CASE WHEN entry.account_kind = 'party' AND entry.held_for = 'dispute'
                        THEN entry.amount ELSE 0 END AS disputed,
                   CASE WHEN entry.account_kind = 'party' AND entry.state = 'available'
                        THEN entry.amount ELSE 0 END AS available,
                   CASE WHEN entry.account_kind = 'party' AND entry.state = 'settling'
                        THEN entry.amount ELSE 0 END AS settling,
                   CASE WHEN entry.account_kind = 'party' AND entry.state = 'paid'
                        THEN entry.amount ELSE 0 END AS paid,
                   CASE WHEN entry.account_kind = 'party' AND entry.kind = 'reversal'
                        THEN -entry.amount ELSE 0 END AS taken_back
              FROM wine_share_entry entry
             WHERE entry.account_kind <> 'pool'
        """
