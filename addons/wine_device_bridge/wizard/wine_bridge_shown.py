# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class WineBridgeShown(models.TransientModel):
    """Shows a secret once. It comes with the action that opens it and is never stored."""

    _name = "wine.bridge.shown"
    _description = "A secret, shown once"

    secret = fields.Char(store=False, readonly=True)
    text = fields.Char(store=False, readonly=True)
