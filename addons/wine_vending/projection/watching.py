# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a batch means for faults, outages, readings and alerts, written once."""


def write_faults(batch):
    """Faults as folded; a critical one begins an outage, the end of the last one ends it."""
    batch.faults.save()
    batch.outages += batch.faults.outages


def write_outages(batch):
    batch.env["wine.machine.outage"]._switch(batch.outages)
    if batch.noteworthy:
        batch.env["wine.machine.alert"]._look_soon()


def write_readings(batch):
    if batch.readings:
        batch.env["wine.machine"]._take_readings(batch.readings)
