# SPDX-License-Identifier: LGPL-3.0-or-later
"""Machines without MQTT, whose way in is Odoo itself: it is killed, and its database is."""

from tests.chaos.stage import scenario

AWAY = 2.0
MACHINES = 20


@scenario("Odoo and PostgreSQL killed behind the HTTPS door", door=MACHINES, poll=1.0)
def killed(stage):
    """Twenty machines without MQTT post at the HTTPS door. Odoo is killed twice while they do, then
    all of PostgreSQL's processes are while Odoo runs on: what was stored and not answered is posted
    again."""
    ground, before = stage.ground, _figures(stage)
    for _time in range(2):
        stage.work(0.2)
        ground.kill_odoo()
        stage.work(0.1)
        stage.crew.run(AWAY)
        _back(stage, ground.start_odoo)
    stage.work(0.2)
    ground.cluster.kill()
    stage.work(0.1)
    stage.crew.run(AWAY)
    _back(stage, ground.cluster.start)
    stage.over()
    stage.work_rest()
    stage.settle()
    stage.trouble(ground.web.poll() is None, "Odoo went with the database")
    posts, stored, again = (now - then for now, then in zip(_figures(stage), before, strict=True))
    stage.trouble(stored >= stage.made, f"the door stored {stored} messages only")
    stage.note(f"{posts:,} posts were taken, {again:,} messages in them came again")


def _back(stage, start):
    """Start what was killed; go on when the door takes posts again."""
    start()
    before = None

    def takes():
        nonlocal before
        now = _figures(stage)[0]
        before = now if before is None else before
        return now > before

    stage.trouble(stage.crew.until(takes, 120), "the door takes no posts any more")


def _figures(stage):
    """(posts taken, messages stored, messages that came again) since ever."""
    return stage.ground.query(
        """SELECT coalesce(sum(posts), 0)::int, coalesce(sum(stored), 0)::int,
                  coalesce(sum(duplicates), 0)::int
             FROM wine_bridge_door_count WHERE status = 200"""
    )[0]
