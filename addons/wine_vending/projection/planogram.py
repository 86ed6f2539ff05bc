# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the facts of a batch say about planograms: applied versions, slots out of order."""

from odoo.tools import SQL

OUT_OF_ORDER = ("jammed", "disabled")


def machines_to_compare(batch):
    """Machines whose differences may change; asked before anything is written."""
    ids = {machine_id for machine_id, _version in batch.applied}
    for slot, counter in batch.counters.items():
        if counter.changed and counter.state != slot.state:
            if counter.state in OUT_OF_ORDER or slot.state in OUT_OF_ORDER:
                ids.add(slot.machine_id.id)
    return batch.env["wine.machine"].browse(sorted(ids))


def write_applied(batch):
    """When each version was first reported as applied; a time once known only moves back."""
    rows = [(machine, version, at) for (machine, version), at in batch.applied.items() if version]
    if not rows:
        return
    batch.env["wine.planogram"].flush_model(["version", "applied_at"])
    batch.env.cr.execute(
        SQL(
            """UPDATE wine_planogram planogram SET applied_at = said.at
                 FROM (VALUES %s) AS said (machine, version, at)
                WHERE planogram.machine_id = said.machine AND planogram.version = said.version
                  AND (planogram.applied_at IS NULL OR planogram.applied_at > said.at)""",
            SQL(", ").join(SQL("(%s::int, %s::int, %s::timestamp)", *row) for row in rows),
        )
    )
    batch.env["wine.planogram"].invalidate_model(["applied_at"], flush=False)
