# SPDX-License-Identifier: LGPL-3.0-or-later
import os
from datetime import datetime, timezone

from odoo import api, fields, models
from odoo.tools import consteq, hmac

from .wine_firmware_install import OPEN

SCOPE = "wine-firmware"


class WineFirmwareInstall(models.Model):
    """The address at which one machine fetches one image, for a while."""

    _inherit = "wine.firmware.install"

    def _link(self, expires):
        """Address of the image for this machine until ``expires`` (naive UTC)."""
        self.ensure_one()
        until = int(expires.replace(tzinfo=timezone.utc).timestamp())
        params = self.env["ir.config_parameter"].sudo()
        base = os.environ.get("WINE_DEVICE_URL") or params.get_param("web.base.url")
        return f"{base.rstrip('/')}/wine/device/firmware/{self.id}/{until}/{self._token(until)}"

    def _token(self, until):
        """What nobody can make who does not hold the database's secret."""
        said = (self.id, self.machine_id.uuid, self.firmware_id.sha256, until)
        return hmac(self.env(su=True), SCOPE, said)

    @api.model
    def _by_link(self, install_id, until, token):
        """The update that an address is for; an empty one where it is not, or no more, allowed.

        A stopped or closed campaign gives no image any more, nor does a withdrawn version, nor
        does anybody give one to a machine that is suspended.
        """
        install = self.sudo().browse(install_id).exists()
        if not install or not consteq(install._token(until).encode(), token.encode()):
            return self.browse()
        now = fields.Datetime.now().replace(tzinfo=timezone.utc)
        if until > 4102444800 or datetime.fromtimestamp(until, timezone.utc) < now:
            return self.browse()
        allowed = (
            install.state in OPEN
            and install.campaign_id.state in ("running", "paused")
            and install.firmware_id.state == "released"
            and install.machine_id.state in ("commissioned", "active")
        )
        return install if allowed else self.browse()
