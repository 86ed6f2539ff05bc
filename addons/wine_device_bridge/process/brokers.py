# SPDX-License-Identifier: LGPL-3.0-or-later
"""Adapters: how each kind of broker is told who may speak.

Each has ``start()``, ``stop()`` and ``apply(cr, changes)`` → {credential id: fault or None}. Where
``is_new()``, the broker may have lost what it was told: ``differs(cr, between)`` → UUIDs whose
stand at the broker is not what was applied, which are applied again, and then ``looked()``.
"""

import base64
import json
import logging
import os
import signal
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from ..core import dynsec, password
from ..core.passwd_file import write_passwords
from .dynsec import Control, Unreachable

_logger = logging.getLogger(__name__)


class Remembers:
    """A broker that loses nothing by itself, or has nothing to lose."""

    def is_new(self):
        """Never: what it was told stays."""
        return False

    def differs(self, _cr, between):
        """Nobody."""
        return ()

    def looked(self):
        """Nothing to note."""


class MosquittoDynsec:
    """mosquitto with its dynamic-security plugin: by commands, at once, on the living broker."""

    #: whether many changes take as long as one
    ALL_AT_ONCE = False

    def __init__(self, settings, access):
        self.base = f"{settings.root}/{settings.tenant}"
        self.keys = access.keys
        self.control = Control(settings)
        self.seen = self.looking = 0

    def start(self):
        self.control.start()

    def stop(self):
        self.control.stop()

    def apply(self, _cr, changes):
        """All changes in as few messages as possible; the fault of one is not that of another."""
        plans, faults = {}, {}
        for change in changes:
            try:
                plans[change] = self._commands(change)
            except ValueError as error:
                faults[change.id] = str(error)
        commands = [command for plan in plans.values() for command in plan]
        try:
            given = iter(self.control.ask(commands) if commands else ())
        except Unreachable as error:
            return {**faults, **{change.id: str(error) for change in plans}}
        for change, plan in plans.items():
            try:
                dynsec.check(plan, [next(given) for _command in plan])
                faults[change.id] = None
            except dynsec.Fault as error:
                faults[change.id] = str(error)
        return faults

    def _commands(self, change):
        if change.wish == "gone":
            return dynsec.remove(self.base, change.machine)
        if change.wish == "off":
            return dynsec.refuse(change.machine)
        return dynsec.admit(self.base, change.machine, change.version, self._secret(change))

    def _secret(self, change):
        key = self.keys.get(change.key_name)
        if not key:
            raise ValueError(
                "this credential was made without WINE_BROKER_KEY or with a key that is not in it: "
                "give it a new secret"
            )
        return password.derived(key, change.machine, change.version)

    def is_new(self):
        """Whether it has been connected to since it was looked at: it may have another file now."""
        return self.control.ready and self.seen != self.control.session

    def looked(self):
        self.seen = self.looking

    def differs(self, cr, between=lambda: None):
        """UUIDs of machines whose account or role is not as it was applied.

        :param between: called between two questions; what it changes is not compared. Where it
            removes an account, another one may slip from one page to the one before, is held to be
            missing, told again, and connects once more.
        """
        self.looking = self.control.session
        before = self._applied(cr)
        try:
            self.control.ask(dynsec.closed_by_default())
            there = self._accounts(between)
            roles = self._roles(between)
        except Unreachable:
            self.looking = self.seen
            return ()
        applied = dict(self._applied(cr).items() & before.items())
        cr.execute("SELECT uuid FROM wine_machine")
        self._throw_out(roles.keys() - {row[0] for row in cr.fetchall()})
        current = {machine for machine, as_now in roles.items() if as_now}
        return [
            machine
            for machine, stand in applied.items()
            if not dynsec.is_so(stand, machine, there, current)
        ]

    @staticmethod
    def _applied(cr):
        # a transaction sees nothing of what came after it began
        cr.commit()  # pylint: disable=invalid-commit
        cr.execute(
            """SELECT machine.uuid, credential.applied
                 FROM wine_bridge_credential credential
                 JOIN wine_machine machine ON machine.id = credential.machine_id
                WHERE credential.applied IS NOT NULL"""
        )
        found = dict(cr.fetchall())
        # nothing is held while the broker is asked
        cr.commit()  # pylint: disable=invalid-commit
        return found

    def _accounts(self, between=lambda: None):
        there, offset = {}, 0
        while True:
            page = dynsec.accounts(self.control.ask(dynsec.ask_accounts(offset))[0])
            there.update(page)
            offset += dynsec.PAGE
            if len(page) < dynsec.PAGE:
                return there
            between()

    def _roles(self, between=lambda: None):
        """{UUID of a machine that has a role: whether its rules are those of today}."""
        found, offset = {}, 0
        while True:
            answer = self.control.ask(dynsec.ask_roles(offset))[0]
            found.update(dynsec.machines_of_roles(self.base, answer))
            offset += dynsec.ROLES
            if dynsec.roles_in(answer) < dynsec.ROLES:
                return found
            between()

    def _throw_out(self, strangers):
        """Machines of this tenant that the platform knows nothing of."""
        for machine in sorted(strangers):
            _logger.warning("the broker knows a machine %s that the platform does not", machine)
            plan = dynsec.remove(self.base, machine)
            dynsec.check(plan, self.control.ask(plan))


class PasswordFile(Remembers):
    """mosquitto's password file, written anew as a whole; a SIGHUP has the broker read it."""

    ALL_AT_ONCE = True

    def __init__(self, _settings, access):
        self.path = Path(access.passwd)
        self.pid_file = access.pid_file
        self.bridge = _settings.user

    def start(self):
        """Nothing to connect to."""

    def stop(self):
        """Nothing to end."""

    def apply(self, cr, changes):
        cr.execute(
            """SELECT machine.uuid, credential.secret_hash
                 FROM wine_bridge_credential credential
                 JOIN wine_machine machine ON machine.id = credential.machine_id
                WHERE credential.stand LIKE 'on:%%' AND credential.secret_hash IS NOT NULL
                ORDER BY machine.uuid"""
        )
        try:
            write_passwords(self.path, dict(cr.fetchall()), self.bridge)
            self._reload()
        except OSError as error:
            return dict.fromkeys((change.id for change in changes), str(error))
        return {change.id: None for change in changes}

    def _reload(self):
        if self.pid_file:
            os.kill(int(Path(self.pid_file).read_text()), signal.SIGHUP)


class EmqxPostgres(Remembers):
    """EMQX reads the views of this database itself; only who is connected is thrown out here."""

    ALL_AT_ONCE = False

    def __init__(self, _settings, access):
        self.api = access.emqx_api.rstrip("/")
        pair = f"{access.emqx_key}:{access.emqx_secret}".encode()
        self.authorization = "Basic " + base64.b64encode(pair).decode()

    def start(self):
        """Asked over HTTP, each time anew."""

    def stop(self):
        """Nothing to end."""

    def apply(self, _cr, changes):
        """EMQX looks at the views when it is asked: the change must be seen by others by now.

        The worker hands over changes of committed transactions only, so it is.
        """
        return {change.id: self._kick(change.machine) for change in changes}

    def _kick(self, machine):
        """Close the connection of a client id and forget its session; None, or what is wrong."""
        address = f"{self.api}/api/v5/clients/{urllib.parse.quote(machine)}"
        headers = {"Authorization": self.authorization}
        request = urllib.request.Request(address, method="DELETE", headers=headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310 - set by the operator
                return None
        except urllib.error.HTTPError as error:
            return None if error.code == 404 else f"EMQX answers {error.code}: {_reason(error)}"
        except OSError as error:
            return f"EMQX does not answer at {self.api}: {error}"


def _reason(error):
    try:
        return str(json.loads(error.read(2000)).get("message", ""))[:200]
    except (ValueError, AttributeError, OSError):
        return "no reason given"


ADAPTERS = {
    "mosquitto_dynsec": MosquittoDynsec,
    "password_file": PasswordFile,
    "emqx_postgres": EmqxPostgres,
}
