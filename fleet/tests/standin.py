# SPDX-License-Identifier: LGPL-3.0-or-later
"""A tiny stand-in for the platform: plans, stores, acknowledges. And a broker to do it over."""

import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import uuid
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

import paho.mqtt.client as mqtt

from tools import certificates

PROJECT = Path(__file__).resolve().parents[2]
PLACES = ("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto")


def find_mosquitto():
    """Path of a broker: on PATH, where systems put it, or in the project's .local/prefix."""
    local = sorted(map(str, (PROJECT / ".local" / "prefix").rglob("mosquitto")))
    for place in (shutil.which("mosquitto"), *PLACES, *local):
        if place and Path(place).is_file():
            return place
    return None


def free_port():
    """A free port of the loopback device."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """A private mosquitto on a free port, loopback only."""

    def __init__(self, folder, accounts=None, rules=()):
        self.port = free_port()
        self.conf = Path(folder) / "mosquitto.conf"
        self.conf.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            "user root\nmax_queued_messages 100000\nmax_inflight_messages 100\n"
            "set_tcp_nodelay true\n"
        )
        if accounts is not None:
            self._guard(Path(folder), accounts, rules)
        self.process = self.ca = self.tls_port = None

    def certified(self):
        """Listen by TLS too: `tls_port`, and `ca`, the path of the authority."""
        folder = self.conf.parent / "tls"
        certificates.ensure(folder, ["localhost", "127.0.0.1"])
        self.ca, self.tls_port = str(folder / "ca.pem"), free_port()
        with self.conf.open("a") as conf:
            conf.write(f"listener {self.tls_port} 127.0.0.1\n"
                       f"certfile {folder}/broker.pem\nkeyfile {folder}/broker.key\n")  # fmt: skip
        return self

    def _guard(self, folder, accounts, rules):
        """Nobody without an account (passwords by name), and only by the lines of `rules`."""
        passwords, acl = folder / "passwords", folder / "acl"
        passwords.write_text("".join(f"{name}:{hashed(word)}\n" for name, word in accounts.items()))
        acl.write_text("\n".join(rules) + "\n")
        passwords.chmod(0o600)
        acl.chmod(0o600)
        self.conf.write_text(
            self.conf.read_text().replace("allow_anonymous true", "allow_anonymous false")
            + f"password_file {passwords}\nacl_file {acl}\n"
        )

    def start(self):
        """Start and wait until it listens."""
        binary = find_mosquitto()
        if binary is None:
            raise AssertionError("mosquitto not found: apt-get install mosquitto, or make it "
                                 "available on PATH or in .local/prefix")  # fmt: skip
        self.process = subprocess.Popen(
            [binary, "-c", str(self.conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 5
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        raise AssertionError("mosquitto does not listen")

    def stop(self):
        """End it."""
        if self.process:
            self.process.terminate()
            self.process.wait(5)


def hashed(password, rounds=101):
    """A password as mosquitto keeps it: PBKDF2, SHA-512."""
    salt = os.urandom(12)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return "$7${}${}${}".format(rounds, *(base64.b64encode(raw).decode() for raw in (salt, key)))


def planogram(version=1, slots=4, price="12.50", **changes):
    """A wanted shadow with slots A1, A2… holding W1, W2…"""
    lines = [
        {"slot": f"A{n}", "sku": f"W{n}", "name": f"Wine {n}", "ml": 750, "price": price,
         "currency": "EUR", "capacity": 10, "par": 8, "age": False, "enabled": True} | changes
        for n in range(1, slots + 1)
    ]  # fmt: skip
    return {"version": version, "sha256": "0" * 64, "planogram": lines, "offers": [], "config": {}}


def configuration(port, count=1, slots=4, qty=8):
    """A configuration as the provisioning command would write it."""
    machines = [
        {"uuid": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"machine-{n}")), "serial": f"WV-{n:04d}",
         "name": f"Machine {n}", "region": "Test", "epoch": 1, "username": "u", "password": "p",
         "stock": {f"A{s}": qty for s in range(1, slots + 1)}}
        for n in range(1, count + 1)
    ]  # fmt: skip
    broker = {"host": "127.0.0.1", "port": port, "tls": False, "ca": None}
    return {"broker": broker, "root": "wine/v1", "tenant": "test", "machines": machines}


class Platform:
    """Stores events by (machine, epoch, seq), counts duplicates and conflicts, acknowledges."""

    def __init__(self, config, acking=True, account=None):
        self.config, self.acking = config, acking
        self.root = f"{config['root']}/{config['tenant']}"
        self.events, self.copies, self.conflicts = defaultdict(dict), 0, []
        self.births, self.acks = defaultdict(list), defaultdict(list)
        self.states, self.reported = {}, {}
        self.lock = threading.Lock()
        version = mqtt.CallbackAPIVersion.VERSION2
        self.client = mqtt.Client(version, f"platform-{uuid.uuid4()}", protocol=mqtt.MQTTv5)
        if account:
            self.client.username_pw_set(*account)
        self.client.on_message = self._message
        self.client.on_connect = lambda c, *_: c.subscribe(f"{self.root}/+/up/#", 1)

    def start(self):
        """Connect and listen in a thread."""
        broker = self.config["broker"]
        if broker["tls"]:
            self.client.tls_set(broker["ca"])
        self.client.connect(broker["host"], broker["port"])
        self.client.loop_start()
        return self

    def stop(self):
        """Disconnect."""
        self.client.disconnect()
        self.client.loop_stop()

    def desire(self, document, machines=None):
        """Publish a wanted shadow, retained."""
        for machine in machines or [m["uuid"] for m in self.config["machines"]]:
            self.publish(machine, "desired", document, retain=True)

    def publish(self, machine, suffix, document, retain=False):
        """Say something below down/."""
        topic = f"{self.root}/{machine}/down/{suffix}"
        return self.client.publish(topic, json.dumps(document), 1, retain)

    def command(self, machine, kind, args=None, seconds=60, cmd=None):
        """Send a command; returns its id."""
        document = command(kind, args, seconds, cmd)
        self.publish(machine, "cmd", document)
        return document["id"]

    def _message(self, _client, _userdata, message):
        machine, _up, kind = message.topic.removeprefix(self.root + "/").split("/")
        document = json.loads(message.payload)
        with self.lock:
            getattr(self, f"_{kind}")(machine, document)

    def _birth(self, machine, birth):
        self.births[machine].append(birth)
        self._acknowledge(machine, birth["epoch"])

    def _evt(self, machine, events):
        events = events if isinstance(events, list) else [events]
        for event in events:
            stored = self.events[machine].setdefault((event["epoch"], event["seq"]), event)
            self.copies += stored is not event
            if stored != event:
                self.conflicts.append((stored, event))
        self._acknowledge(machine, events[-1]["epoch"])

    def _acknowledge(self, machine, epoch):
        seqs = {seq for at, seq in self.events[machine] if at == epoch}
        if not self.acking:
            return
        top = max(seqs, default=0)
        missing = sorted(set(range(1, top + 1)) - seqs)
        ack = {"epoch": epoch, "ack_seq": top, "missing": missing[:500], "rejected": []}
        self.publish(machine, "evt_ack", ack)

    def _ack(self, machine, ack):
        self.acks[machine].append(ack["data"])

    def _state(self, machine, state):
        self.states[machine] = state["data"]["state"]

    def _reported(self, machine, reported):
        self.reported[machine] = reported["data"]

    def _tele(self, machine, tele):
        pass

    def of_type(self, kind, machine=None):
        """Stored events of a type, in order."""
        with self.lock:
            found = [
                event
                for name, events in self.events.items()
                if machine in (None, name)
                for event in events.values()
                if event["type"] == kind
            ]
        return sorted(found, key=lambda event: event["seq"])

    def statuses(self, machine, cmd):
        """Life of a command as the machine told it."""
        with self.lock:
            return [ack["status"] for ack in self.acks[machine] if ack["cmd"] == cmd]


def moment(seconds):
    """RFC 3339, so many seconds from now."""
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat()


def command(kind, args=None, seconds=60, cmd=None):
    """A command as it arrives at the device."""
    return {"id": cmd or str(uuid.uuid4()), "type": kind, "exp": moment(seconds),
            "args": args or {}}  # fmt: skip


def authorisation(vend_id=None, slot="A1", seconds=60, **changes):
    """Arguments of `vend.authorize` that fit `planogram()`."""
    args = {"vend_id": vend_id or str(uuid.uuid4()), "slot": slot, "sku": "W" + slot[1:], "qty": 1,
            "price": "12.50", "currency": "EUR", "price_version": 1, "age_checked": False,
            "expires_at": moment(seconds)}  # fmt: skip
    return args | changes
