# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models

from ..core import vend_match
from ..core.money import from_minor, to_minor

#: a receipt code names a vend however long ago; a card company asks no longer than this
RECEIPT_DAYS = 120


class WineComplaint(models.Model):
    """How a complaint comes in, and how its vend is found."""

    _inherit = "wine.complaint"

    @api.model_create_multi
    def create(self, vals_list):
        """What a colleague types in is decided by the same evidence, at once."""
        complaints = super().create(vals_list)
        if not self.env.su:
            filed = complaints.sudo()
            filed._find_vend()
            filed._assess()
        return complaints

    @api.model
    def _file(self, values, photos=()):
        """File what came in from outside, once: the same identity again is the same complaint.

        :param dict values: fields of the complaint with its ``uuid``
        :param photos: [(name, bytes)], checked and cleaned by the caller
        :return: the complaint, as superuser
        """
        Complaint = self.sudo()
        known = Complaint.search([("uuid", "=", values["uuid"])])
        if known:
            return known
        complaint = Complaint.create(values)
        complaint._add_photos(photos)
        complaint._find_vend()
        complaint._assess()
        return complaint

    def _add_photos(self, photos):
        self.photo_ids = self.env["ir.attachment"].create(
            [
                {"name": name, "raw": raw, "res_model": self._name, "res_id": self.id}
                for name, raw in photos
            ]
        )

    # === WHICH VEND === #

    def _find_vend(self):
        """Tie complaints to the vends that are meant, where what was said suffices."""
        for complaint in self:
            if complaint.vend_id and complaint.match == "none":
                complaint.match = "strong"
            if not complaint.machine_id or complaint.match == "strong":
                continue
            found, sure = vend_match.find(complaint._clues(), complaint._candidates())
            complaint.write(
                {"vend_id": found, "match": "strong" if sure else "weak" if found else "none"}
            )
            complaint._note_supplier()

    def _clues(self):
        digits = self.currency_id.decimal_places
        claimed = self.amount_claimed
        return vend_match.Clues(
            moment=self.happened_at,
            slot=self.slot_code or "",
            amount=from_minor(to_minor(claimed, digits), digits) if claimed else None,
            last4=self.card_last4 or "",
            receipt=self.receipt_code or "",
        )

    def _candidates(self):
        """Vends of this machine about that time; with a receipt code, of the last months."""
        window = timedelta(days=RECEIPT_DAYS) if self.receipt_code else vend_match.WINDOW
        vends = self.env["wine.vend"].search(
            [
                ("machine_id", "=", self.machine_id.id),
                ("pay_kind", "!=", "test"),
                ("moment", ">=", self.happened_at - window),
                ("moment", "<=", self.happened_at + window),
            ]
        )
        digits = self.currency_id.decimal_places
        return [
            vend_match.Candidate(
                id=vend.id,
                uuid=vend.uuid,
                moment=vend.moment,
                slot=vend.slot_code or "",
                amount=from_minor(to_minor(vend.amount_total, digits), digits),
                pay_ref=vend.pay_ref or "",
            )
            for vend in vends
        ]

    def _note_supplier(self):
        """A bad bottle is the supplier's business too: whose it was stays noted."""
        for complaint in self.filtered("vend_id"):
            complaint.supplier_id = complaint.vend_id.product_id.seller_ids[:1].partner_id

    # === LIMITS === #

    @api.model
    def _setting(self, name, default):
        """A number that the platform sets; see the settings."""
        value = self.env["ir.config_parameter"].sudo().get_param(f"wine_vending.{name}")
        return Decimal(value) if value else Decimal(default)

    @api.model
    def _too_many(self, source_hash, machine=None):
        """Whether this source, or this machine from outside, files more than people do.

        :param str source_hash: of the address from which the request comes
        """
        hour = fields.Datetime.now() - timedelta(hours=1)
        domain = [("create_date", ">=", hour), ("channel", "in", ("web", "portal", "site"))]
        Complaint = self.sudo()
        by_source = Complaint.search_count([*domain, ("source_hash", "=", source_hash)])
        if by_source >= self._setting("complaint_per_source", 6):
            return True
        if not machine:
            return False
        by_machine = Complaint.search_count([*domain, ("machine_id", "=", machine.id)])
        return by_machine >= self._setting("complaint_per_machine", 30)
