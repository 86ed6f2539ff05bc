# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import fields, models
from odoo.tools import email_normalize

#: state of the complaint → the e-mail that says so
TEMPLATES = {
    "in_case": "wine_vending.mail_complaint_received",
    "refunded": "wine_vending.mail_complaint_money_back",
    "resolved": "wine_vending.mail_complaint_resolved",
    "rejected": "wine_vending.mail_complaint_rejected",
}


class WineComplaint(models.Model):
    """What the consumer is told, in the consumer's language, and not too often."""

    _inherit = "wine.complaint"

    told_state = fields.Char("Last told", readonly=True, copy=False)
    told_at = fields.Datetime("Told at", readonly=True, copy=False)

    def _tell_consumer(self):
        """One e-mail for each state; none where an address already got many today."""
        for complaint in self:
            template = self.env.ref(TEMPLATES.get(complaint.state, ""), raise_if_not_found=False)
            address = email_normalize(complaint.email or complaint.partner_id.email)
            if not template or not address or complaint.told_state == complaint.state:
                continue
            if complaint._told_often(address):
                complaint._message_log(
                    body=self.env._("Not told by e-mail: this address got many today.")
                )
                continue
            complaint.write(
                {"email": address, "told_state": complaint.state, "told_at": fields.Datetime.now()}
            )
            template.send_mail(complaint.id, email_layout_xmlid="mail.mail_notification_light")

    def _told_often(self, address):
        """An address may be a stranger's, typed in to annoy them."""
        day = fields.Datetime.now() - timedelta(days=1)
        told = self.search_count([("email", "=", address), ("told_at", ">=", day)])
        return told >= self._setting("complaint_mails_per_day", 5)

    def _status_url(self):
        """Where the consumer sees what became of it; nobody can guess it."""
        self.ensure_one()
        return f"{self.get_base_url()}{self.access_url}"

    def _words_of_deadline(self):
        """The deadline as the consumer's language writes a date."""
        self.ensure_one()
        lang = self.env["res.lang"]._lang_get(self.lang or self.env.lang or "en_US")
        return self.deadline.strftime(lang.date_format) if self.deadline else ""

    def _money_back(self):
        """What went back to this consumer; of the whole vend only where it is surely theirs."""
        self.ensure_one()
        if self.amount_refunded:
            return self.amount_refunded
        return self.vend_id.amount_refunded if self.match == "strong" else 0.0
