# SPDX-License-Identifier: LGPL-3.0-or-later
"""`python -m fleet conformance`: plays one side, prints what became of each rule."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from fleet import config as configuration
from fleet.conformance import rules
from fleet.conformance.as_device import Device
from fleet.conformance.as_platform import Plan, Trials, key
from fleet.conformance.bench import Bench
from fleet.errors import BadConfig

PASSWORD = "WINE_PLATFORM_PASSWORD"  # noqa: S105 the name of a variable, so that no password is
#                                      seen in the list of processes


def add(modes):
    """The words of the command line."""
    mode = modes.add_parser("conformance", help="which rules of the protocol the other side keeps")
    mode.add_argument("--config", required=True, help="JSON file of the platform's provisioning")
    mode.add_argument("--machine", required=True, help="UUID or serial of the machine")
    mode.add_argument("--play", choices=("platform", "device"), default="platform",
                      help="platform: tries a device; device: tries a platform, with the "
                           "machine's credential")  # fmt: skip
    mode.add_argument("--door", metavar="URL",
                      help="with --play device: at this HTTPS door, not over MQTT")  # fmt: skip
    mode.add_argument("--door-ca", metavar="FILE", help="authority of the door's certificate, PEM")
    mode.add_argument("--report", metavar="FILE", help="write the verdicts as JSON")
    mode.add_argument("--patience", type=float, default=15.0, metavar="SECONDS",
                      help="longest wait for an answer")  # fmt: skip
    mode.add_argument("--quiet-time", type=float, default=2.0, metavar="SECONDS",
                      help="how long to wait for what must not happen")  # fmt: skip
    mode.add_argument("--log-level", default="WARNING", help="DEBUG, INFO, WARNING…")
    group = mode.add_argument_group("trials of a platform")
    group.add_argument("--resend", type=float, default=0.0, metavar="SECONDS",
                       help="until it asks for a missing event; 0: not tried")  # fmt: skip
    group.add_argument("--authorise", type=float, default=0.0, metavar="SECONDS",
                       help="how long somebody may need to authorise a vend at the machine when "
                            "asked to, so that it is accepted too late; 0: not tried")  # fmt: skip
    group = mode.add_argument_group("trials of a device")
    group.add_argument("--platform-user", help=f"account of the platform; password in {PASSWORD}")
    group.add_argument("--attend", type=float, default=60.0, metavar="SECONDS",
                       help="how long the device may need to appear and to restart")  # fmt: skip
    group.add_argument("--replay", type=float, default=330.0, metavar="SECONDS",
                       help="how long it may wait before it replays its journal")  # fmt: skip
    group.add_argument("--desired", metavar="FILE", help="a wanted shadow to apply, JSON")
    group.add_argument("--slot", help="holds bottles: one will be sold; needs --desired")
    group.add_argument("--firmware-key", metavar="FILE",
                       help="private key that the device trusts: 32 bytes in base64")  # fmt: skip
    group.add_argument("--firmware-image", metavar="FILE", help="what is installed by that key")
    group.add_argument("--firmware-version", default="conformance-1")
    group.add_argument("--serve-host", default="127.0.0.1", metavar="ADDRESS",
                       help="address of this computer where the device fetches it")  # fmt: skip


def run(chosen):
    """Make the trials; 0 when no rule failed, 1 when one did, 2 when nobody was there."""
    config = configuration.read(chosen.config)
    if chosen.door:
        config = replace(config, door=chosen.door, door_ca=chosen.door_ca or config.door_ca)
    machine = _machine(config, chosen.machine)
    verdicts = rules.Verdicts(rules.DEVICE if chosen.play == "platform" else rules.PLATFORM)
    present = {"platform": _as_platform, "device": _as_device}[chosen.play](
        config, machine, verdicts, chosen
    )
    print(verdicts.table())
    if chosen.report:
        Path(chosen.report).write_text(verdicts.json(), encoding="utf-8")
    if not present:
        other = "device" if chosen.play == "platform" else "platform"
        print(f"fleet: the {other} of {machine.uuid} says nothing", file=sys.stderr)
        return 2
    return 1 if verdicts.failed else 0


def _machine(config, name):
    found = [one for one in config.machines if name.lower() in (one.uuid, one.serial.lower())]
    if not found:
        raise BadConfig(f"no machine {name} in the configuration")
    return found[0]


def _as_platform(config, machine, verdicts, chosen):
    account = (chosen.platform_user, os.environ.get(PASSWORD))
    bench = Bench(config, machine, verdicts, account, chosen.patience, chosen.quiet_time)
    plan = _plan(chosen)
    bench.open()
    try:
        return Trials(bench, plan).run()
    finally:
        bench.close()


def _plan(chosen):
    plan = Plan(slot=chosen.slot, attend=chosen.attend, replay=chosen.replay)
    plan.host = chosen.serve_host
    plan.firmware_version = chosen.firmware_version
    if chosen.desired:
        plan.desired = json.loads(Path(chosen.desired).read_text(encoding="utf-8"))
        lines = plan.desired.get("planogram") if isinstance(plan.desired, dict) else None
        if not lines or chosen.slot not in (None, *(line.get("slot") for line in lines)):
            raise BadConfig(f"{chosen.desired} plans no slot {chosen.slot or ''}".rstrip())
    elif chosen.slot:
        raise BadConfig("--slot needs --desired: a vend is priced by the planogram")
    try:
        plan.key = key(Path(chosen.firmware_key).read_text()) if chosen.firmware_key else None
    except ValueError as error:
        raise BadConfig(f"{chosen.firmware_key} is no key: {error}") from error
    if chosen.firmware_image:
        plan.image = Path(chosen.firmware_image).read_bytes()
    return plan


def _as_device(config, machine, verdicts, chosen):
    return Device(config, machine, verdicts, chosen.patience, chosen.quiet_time,
                  resend=chosen.resend, attend=chosen.authorise,
                  ask=lambda what: print(f"now: {what}", file=sys.stderr)).run()  # fmt: skip
