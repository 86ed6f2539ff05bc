# SPDX-License-Identifier: LGPL-3.0-or-later
import hashlib
import logging
import secrets
from dataclasses import dataclass

from odoo import api, fields, models
from odoo.addons.wine_vending.core.told import Told
from odoo.addons.wine_vending.models.wine_told import as_told, read_told
from odoo.tools import LazyTranslate
from odoo.tools.translate import LazyGettext

from .wine_bridge_sample import COUNTED

_lt = LazyTranslate(__name__)
_logger = logging.getLogger(__name__)

#: system parameter with the hash of the token for watchers from outside
PARAMETER = "wine.metrics_token"

#: seconds that stored messages, and commands, may wait before somebody is told
LATE, VERY_LATE, COMMAND_LATE = 60, 300, 60
#: seconds without the broker, and refused messages within an hour, likewise
OFFLINE, MANY_REFUSED = 30, 100
LEVELS = ("ok", "degraded", "down")


@dataclass(frozen=True)
class Reason:
    """Why the bridge is not well; ``key`` is the same for as long as it is the same trouble."""

    key: str
    level: str
    text: LazyGettext | Told
    #: whether the platform administrator gets a case of it
    case: bool = True


class WineBridgeHealth(models.AbstractModel):
    """Is the bridge well, and if not, why, in words: one judgement for whoever asks.

    **ok**, **degraded** (messages come in, but somebody should look) or **down** (nothing comes
    in). The page, ``/wine/health``, ``/wine/metrics`` and the cases of the platform administrator
    all say what is decided here; docs/operations/alerts.md says what to do.
    """

    _name = "wine.bridge.health"
    _inherit = "wine.bridge.figures"
    _description = "Health of the bridge"

    @api.model
    def _reasons(self, figures, processes):
        """What is wrong, the gravest first.

        :return: list of :class:`Reason`
        """
        found = self._of_processes(processes) + self._of_figures(figures)
        return sorted(found, key=lambda reason: -LEVELS.index(reason.level))

    def _of_processes(self, processes):
        bridges = [process for process in processes if process["role"] != "projector"]
        alive = [process for process in bridges if process["alive"]]
        found = [
            Reason(
                f"silent:{process['name']}",
                "degraded" if alive else "down",
                _lt(
                    "The bridge %(name)s on %(host)s was last heard of at %(at)s UTC. It was "
                    "killed, hangs or cannot reach the database. Look at its log and start it "
                    "again.",
                    name=process["name"],
                    host=process["host"] or "?",
                    at=fields.Datetime.to_string(process["seen_at"]),
                ),
            )
            for process in processes
            if process["silent"]
        ]
        if not alive and not any(process["silent"] for process in bridges):
            found.append(
                Reason(
                    "none",
                    "down",
                    _lt(
                        "No bridge is running: machines keep what they have to tell. Start one: "
                        "odoo wine_bridge -d DATABASE."
                    ),
                )
            )
        cut = [process for process in alive if not process["connected"]]
        for process in cut:
            found.append(
                Reason(
                    f"offline:{process['name']}",
                    "down" if len(cut) == len(alive) else "degraded",
                    _lt(
                        "The bridge %(name)s does not reach the broker. Is the broker up, and are "
                        "address, account and certificate right? Its log says why.",
                        name=process["name"],
                    ),
                    case=(process["connection_age"] or 0) > OFFLINE,
                )
            )
        return found

    def _of_figures(self, figures):
        found = []
        if figures["lag"] > LATE:
            found.append(
                Reason(
                    "lag",
                    "degraded",
                    _lt(
                        "%(count)s stored messages wait to be used, the oldest for %(age)s s. "
                        "Sales are safe but not yet in the books.",
                        count=figures["waiting"],
                        age=round(figures["lag"]),
                    ),
                    case=figures["lag"] > VERY_LATE,
                )
            )
        if figures["command_age"] > COMMAND_LATE:
            found.append(
                Reason(
                    "commands",
                    "degraded",
                    _lt(
                        "%(count)s commands wait to be sent, the oldest for %(age)s s.",
                        count=figures["commands"],
                        age=round(figures["command_age"]),
                    ),
                    case=figures["command_age"] > VERY_LATE,
                )
            )
        if figures["quarantine_hour"] > MANY_REFUSED:
            found.append(
                Reason(
                    "quarantine",
                    "degraded",
                    _lt(
                        "%s messages were refused within an hour. A device or its firmware does "
                        "not keep to the protocol: look into the quarantine.",
                        figures["quarantine_hour"],
                    ),
                )
            )
        return found

    @api.model
    def _state(self):
        """Everything at once: ``status``, ``reasons``, ``figures``, ``processes``."""
        figures, processes = self._figures(), self._processes()
        reasons = self._reasons(figures, processes)
        return {
            "status": reasons[0].level if reasons else "ok",
            "reasons": reasons,
            "figures": figures,
            "processes": processes,
        }

    @api.model
    def _words(self, reason):
        """The text of a reason in the language of whoever reads it."""
        return read_told(self.env, as_told(reason.text))

    # === WHO IS TOLD === #

    @api.model
    def _cron_watch(self):
        """A case for each trouble, closed by itself when the trouble is over."""
        reasons = [reason for reason in self._state()["reasons"] if reason.case]
        Case = self.env["wine.case"].sudo()
        still = Case.search([("kind", "=", "bridge"), ("state", "=", "open")])
        keys = {f"bridge-{reason.key}" for reason in reasons}
        still.filtered(lambda case: case.reference not in keys)._close(
            self.env._("Over by itself: the bridge is well again in this respect.")
        )
        known = set(still.mapped("reference"))
        fresh = [reason for reason in reasons if f"bridge-{reason.key}" not in known]
        for reason in fresh:
            case = Case._open_case("bridge", reference=f"bridge-{reason.key}", text=reason.text)
            self._tell(case, reason)

    def _tell(self, case, reason):
        """Tell the platform administrators, each in the own language, once per trouble."""
        group = self.env.ref("wine_vending.group_wine_admin")
        users = group.sudo().all_user_ids.filtered(lambda user: user.active and not user.share)
        case.message_subscribe(users.partner_id.ids)
        for lang, readers in users.grouped("lang").items():
            mine = self.with_context(lang=lang)
            case.with_context(lang=lang).message_notify(
                partner_ids=readers.partner_id.ids,
                subject=mine.env._("The bridge needs somebody"),
                body=mine._words(reason),
            )

    # === THE PAGE === #

    @api.model
    def page(self):
        """What the bridge page shows.

        :return: dict that JSON can hold; times are UTC text, ages seconds
        :raise AccessError: only the platform administrator runs the bridge
        """
        self.env["wine.bridge.process"].check_access("read")
        state = self.sudo()._state()
        history = self._history()
        return {
            "at": fields.Datetime.to_string(fields.Datetime.now()),
            "status": state["status"],
            "reasons": [
                {"key": reason.key, "level": reason.level, "text": self._words(reason)}
                for reason in state["reasons"]
            ],
            "figures": state["figures"],
            "codes": dict(
                self.env["wine.bridge.event"]._fields["code"]._description_selection(self.env)
            ),
            "processes": [_process_card(process) for process in state["processes"]],
            "knocks": self.env["wine.bridge.knock"].sudo()._lately(),
            "history": history,
            "hour": {name: sum(minute[name] for minute in history) for name in COUNTED},
        }

    def _history(self):
        """The last hour by minute, of all bridges and of the HTTPS door."""
        history = self.env["wine.bridge.sample"].sudo()._history()
        at_the_door = self.env["wine.bridge.door.count"].sudo()._minutes()
        for minute in history:
            for name, value in at_the_door.get(minute["minute"], {}).items():
                minute[name] += value
        return history

    @api.model
    def new_token(self):
        """Make a new token for watchers from outside; the earlier one is over at once.

        :return: the token, the only time that it is seen
        :raise AccessError: only the platform administrator makes one
        """
        self.env["wine.bridge.process"].check_access("read")
        token = secrets.token_urlsafe(32)
        self.env["ir.config_parameter"].sudo().set_param(PARAMETER, hashed(token))
        _logger.info("a new token for watchers was made by user %s", self.env.uid)
        return token


class WineCase(models.Model):
    _inherit = "wine.case"

    kind = fields.Selection(
        selection_add=[("bridge", "Bridge is not well")], ondelete={"bridge": "cascade"}
    )


def hashed(token):
    """How the token stands in the database."""
    return "sha256:" + hashlib.sha256(token.encode()).hexdigest()


def _process_card(process):
    """One bridge as the page shows it."""
    figures = process["figures"] or {}
    totals = {}
    for name, _labels, value in figures.get("counters", ()):
        totals[name] = totals.get(name, 0) + value
    gauges = {name: value for name, labels, value in figures.get("gauges", ()) if not labels}
    kept = ("id", "name", "role", "host", "pid", "version", "state", "connected", "alive", "silent")
    return {
        **{name: process[name] for name in kept},
        "silence": round(process["silence"]),
        "connection_age": round(process["connection_age"] or 0),
        "started_at": fields.Datetime.to_string(process["started_at"]),
        "seen_at": fields.Datetime.to_string(process["seen_at"]),
        "totals": totals,
        "gauges": gauges,
    }
