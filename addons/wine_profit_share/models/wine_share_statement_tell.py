# SPDX-License-Identifier: LGPL-3.0-or-later
import logging

from odoo import fields, models

_logger = logging.getLogger(__name__)


class WineShareStatement(models.Model):
    """The partner is told once that a statement is there; amounts stay behind the login."""

    _inherit = "wine.share.statement"

    told_at = fields.Datetime("Partner told", readonly=True, copy=False)

    def _tell_partner(self):
        """One e-mail about the newest of these statements."""
        template = self.env.ref("wine_profit_share.mail_share_statement", raise_if_not_found=False)
        newest = self.sorted("date_from")[-1:]
        if not newest or newest.told_at or not template:
            return
        if newest.partner_id.email:
            template.send_mail(newest.id, email_layout_xmlid="mail.mail_notification_light")
            self.told_at = fields.Datetime.now()

    def _portal_url(self):
        """Where the partner reads it, after signing in."""
        self.ensure_one()
        return f"{self.get_base_url()}/my/share/statement/{self.id}"
