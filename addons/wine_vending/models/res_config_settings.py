# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """How far complaints are settled without a person; -1 where they never are."""

    _inherit = "res.config.settings"

    wine_complaint_consumer_limit = fields.Integer(
        "Refunds for one consumer",
        default=2,
        config_parameter="wine_vending.complaint_consumer_limit",
        help="As many within the period go back without a person looking; -1: none.",
    )
    wine_complaint_machine_limit = fields.Integer(
        "Refunds of one machine",
        default=10,
        config_parameter="wine_vending.complaint_machine_limit",
        help="As many within the period go back without a person looking; -1: none.",
    )
    wine_complaint_period_days = fields.Integer(
        "Period (days)", default=30, config_parameter="wine_vending.complaint_period_days"
    )
    wine_complaint_amount_limit = fields.Float(
        "Largest refund",
        default=1000,
        config_parameter="wine_vending.complaint_amount_limit",
        help="A person looks at refunds of more than this, in the currency of the machine.",
    )
    wine_complaint_days = fields.Integer(
        "Answer within (days)", default=2, config_parameter="wine_vending.complaint_days"
    )
    wine_complaint_per_source = fields.Integer(
        "Complaints per hour from one address",
        default=6,
        config_parameter="wine_vending.complaint_per_source",
    )
    wine_complaint_mails_per_day = fields.Integer(
        "E-mails per day to one address",
        default=5,
        config_parameter="wine_vending.complaint_mails_per_day",
    )
