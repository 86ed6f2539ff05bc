# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models

from ..core.readings import DOOR, KINDS

KIND_LABELS = [
    ("temperature", "Temperature"),
    ("humidity", "Humidity"),
    ("signal", "Signal"),
    ("voltage", "Voltage"),
    ("power", "Power"),
    (DOOR, "Door"),
]
UNITS = {kind: unit for kind, (unit, _low, _high) in KINDS.items()}


class WineMachineReading(models.Model):
    """What a machine measured, raw, of the last 90 days.

    Rows lie in ``wine_machine_reading_raw``, a table of weekly partitions that nobody edits; this
    model is a view of it (the ORM knows no partitioned tables). A reading is known by its machine,
    its kind and its moment: the same one again changes nothing. They come in by
    ``wine.machine._take_readings`` alone, are summed up by the hour into
    ``wine.machine.reading.hour``, and leave by the whole partition, never before each of them is in
    its hour.
    """

    _name = "wine.machine.reading"
    _description = "Reading"
    _auto = False
    _log_access = False
    _order = "at desc, machine_id, kind"
    _rec_name = "kind"

    machine_id = fields.Many2one("wine.machine", readonly=True)
    kind = fields.Selection(KIND_LABELS, readonly=True)
    at = fields.Datetime("Measured at", readonly=True)
    value = fields.Float(readonly=True, digits=(12, 1), aggregator="avg")
    clock_trusted = fields.Boolean("Machine's clock used", readonly=True)

    def init(self):
        """The table, its partitions and the view."""
        self.env.cr.execute(
            """
            CREATE SEQUENCE IF NOT EXISTS wine_machine_reading_raw_id_seq AS bigint;
            CREATE TABLE IF NOT EXISTS wine_machine_reading_raw (
                id bigint NOT NULL DEFAULT nextval('wine_machine_reading_raw_id_seq'),
                machine_id int NOT NULL,
                kind varchar NOT NULL,
                at timestamp NOT NULL,
                value double precision NOT NULL,
                PRIMARY KEY (machine_id, kind, at)
            ) PARTITION BY RANGE (at);
            CREATE INDEX IF NOT EXISTS wine_machine_reading_raw_id
                ON wine_machine_reading_raw USING brin (id);
            ALTER TABLE wine_machine_reading_raw
                ADD COLUMN IF NOT EXISTS clock_trusted boolean NOT NULL DEFAULT true;
            CREATE OR REPLACE VIEW wine_machine_reading AS
                SELECT id, machine_id, kind, at, value, clock_trusted FROM wine_machine_reading_raw;
            """
        )


class WineMachineReadingHour(models.Model):
    """What a machine measured in one hour, summed up; kept for ever."""

    _name = "wine.machine.reading.hour"
    _description = "Readings of an hour"
    _log_access = False
    _order = "hour desc, machine_id, kind"
    _rec_name = "kind"

    machine_id = fields.Many2one("wine.machine", required=True, readonly=True, ondelete="cascade")
    kind = fields.Selection(KIND_LABELS, required=True, readonly=True)
    hour = fields.Datetime("Hour from", required=True, readonly=True, index=True)
    lowest = fields.Float(readonly=True, digits=(12, 1), aggregator="min")
    average = fields.Float(readonly=True, digits=(12, 1), aggregator="avg")
    highest = fields.Float(readonly=True, digits=(12, 1), aggregator="max")
    count = fields.Integer("Readings", readonly=True)

    _hour_unique = models.UniqueIndex("(machine_id, kind, hour)", "This hour is summed up already.")


class WineMachineClimate(models.Model):
    """The newest reading of each machine, beside the machine and not in it.

    Telemetry writes here many times a minute; were it to write the machine itself, it would get in
    the way of the events that are being booked on it.
    """

    _name = "wine.machine.climate"
    _description = "Newest readings of a machine"
    _log_access = False
    _rec_name = "machine_id"

    machine_id = fields.Many2one("wine.machine", required=True, readonly=True, ondelete="cascade")
    temperature = fields.Float("Temperature (°C)", readonly=True, digits=(4, 1))
    temperature_at = fields.Datetime(readonly=True)
    side = fields.Integer(readonly=True, help="-1 below the band, 0 within it, 1 above it.")
    side_since = fields.Datetime(readonly=True)
    humidity = fields.Float("Humidity (% RH)", readonly=True, digits=(4, 1))
    humidity_at = fields.Datetime(readonly=True)

    _machine_unique = models.UniqueIndex("(machine_id)", "A machine has one line of readings.")
