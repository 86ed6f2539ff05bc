# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class WineForecast(models.Model):
    """What one product sells in one machine: bottles a day, and how the week is shaped.

    Every night the sales of the last months are read again (``core.forecast``): days on which the
    product could not be had count only as far as it could, the past fades with a half-life, and
    what a young product has not shown yet is filled in from the same product in the other machines
    of the region. ``source`` says how far the figure is its own. Nobody edits a forecast; what
    follows from it (order-up-to levels, days left, visits, stock-out losses) reads it here.

    Running it twice changes nothing; a run that was cut short goes on where it stopped, for it
    begins with the machines whose figures are oldest.
    """

    _name = "wine.forecast"
    _inherit = ["wine.reach"]
    _description = "Demand forecast"
    _order = "rate_per_day desc, id"
    _rec_name = "product_id"

    machine_id = fields.Many2one(
        "wine.machine", required=True, readonly=True, index=True, ondelete="cascade"
    )
    product_id = fields.Many2one(
        "product.product", required=True, readonly=True, index=True, ondelete="cascade"
    )
    region_id = fields.Many2one(related="machine_id.region_id", store=True, index=True)
    rate_per_day = fields.Float(
        "Bottles a day", digits=(16, 3), readonly=True, aggregator="sum", help="Mean of a week."
    )
    factor_mon = fields.Float("Monday", digits=(6, 3), readonly=True, aggregator="avg", default=1)
    factor_tue = fields.Float("Tuesday", digits=(6, 3), readonly=True, aggregator="avg", default=1)
    factor_wed = fields.Float(
        "Wednesday", digits=(6, 3), readonly=True, aggregator="avg", default=1
    )
    factor_thu = fields.Float("Thursday", digits=(6, 3), readonly=True, aggregator="avg", default=1)
    factor_fri = fields.Float("Friday", digits=(6, 3), readonly=True, aggregator="avg", default=1)
    factor_sat = fields.Float("Saturday", digits=(6, 3), readonly=True, aggregator="avg", default=1)
    factor_sun = fields.Float("Sunday", digits=(6, 3), readonly=True, aggregator="avg", default=1)
    shape = fields.Float(
        digits=(16, 4),
        readonly=True,
        aggregator=None,
        default=1,
        help="How sure the rate is: the shape of its gamma distribution.",
    )
    dispersion = fields.Float(
        digits=(8, 3),
        readonly=True,
        aggregator=None,
        default=1,
        help="Variance of a day's sales over their mean; 1 where buyers come one by one.",
    )
    sigma = fields.Float(
        "Spread of a day",
        digits=(16, 3),
        readonly=True,
        aggregator=None,
        help="Standard deviation of one day's demand, in bottles.",
    )
    days_used = fields.Float(
        "Days seen",
        digits=(8, 1),
        readonly=True,
        aggregator=None,
        help="Days on which the product could be had, as far as it could.",
    )
    source = fields.Selection(
        [("own", "Own sales"), ("blend", "Own sales and region"), ("region", "Region")],
        readonly=True,
        required=True,
        default="region",
    )
    computed_at = fields.Datetime(readonly=True)

    _pair = models.Constraint(
        "UNIQUE(machine_id, product_id)", "A machine has one forecast of each product."
    )

    @api.depends("machine_id.name", "product_id.display_name")
    def _compute_display_name(self):
        for forecast in self:
            forecast.display_name = (
                f"{forecast.machine_id.name}, {forecast.product_id.display_name}"
            )
