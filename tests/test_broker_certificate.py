# SPDX-License-Identifier: LGPL-3.0-or-later
"""A new certificate of the broker, as docs/operations/running.md changes it: nobody is thrown out.

The broker's files, processes and signals are real; what a client sees is what its handshake says.
"""

import os
import signal
import socket
import ssl
import time

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509

from tools.env import kit, mosquitto

TENANT = "certificate"


@pytest.fixture(scope="module")
def broker():
    with kit.broker(TENANT, tls=True) as instance:
        yield instance


def shown(broker):
    """Serial number of the certificate that a new connection is shown, its authority checked."""
    context = ssl.create_default_context(cafile=broker.ca)
    with (
        socket.create_connection((broker.host, broker.tls_port), 5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as line,
    ):
        return x509.load_der_x509_certificate(line.getpeercert(binary_form=True)).serial_number


def connected(broker):
    """A client that stays, with what it heard and how often it lost the line."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "wine-bridge", protocol=mqtt.MQTTv5)
    client.username_pw_set("wine-bridge", broker.bridge_password)
    client.tls_set(str(broker.ca))
    client.lost, client.heard = [], []
    client.on_disconnect = lambda *details: client.lost.append(details)
    client.on_message = lambda *details: client.heard.append(details[-1].payload)
    client.connect("localhost", broker.tls_port)
    client.loop_start()
    wait(client.is_connected)
    return client


def wait(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.05)


def test_the_next_connection_sees_the_new_one_and_nobody_is_thrown_out(broker):
    before, client = shown(broker), connected(broker)
    for name in ("broker.pem", "broker.key"):
        (broker.home / "tls" / name).unlink()
    mosquitto.certify(broker.home / "tls")
    mosquitto.own(broker.home / "tls")
    assert shown(broker) == before, "files alone change nothing"
    os.kill(broker.pid(), signal.SIGHUP)
    wait(lambda: shown(broker) != before)
    topic = f"wine/v1/{TENANT}/platform/state"
    client.subscribe(topic, 1)
    client.publish(topic, b"still here", 1)
    wait(lambda: client.heard == [b"still here"])
    assert not client.lost
    client.disconnect()
    client.loop_stop()
