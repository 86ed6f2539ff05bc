# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the screenshots need and a demo installation has not by itself, made as its users make it:
a route of today, a draft with a changed price, a price limit, a complaint, an adjustment of shares
to check, a line that its partner objects to, a device that breaks the protocol. Each only once."""

import base64
import http.cookiejar
import json
import re
import urllib.parse
import urllib.request

from tools import screenshot_device

#: machines of the route that is made, and by how much the draft raises a price
STOPS = 4
DEARER = 2
#: above what one person of finance may post alone
RENT = 150


class Client:
    """A demo user's session, by the calls of the web client; the password is the login."""

    def __init__(self, url, login):
        self.url, self.jar = url, http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        page = self.opener.open(f"{url}/web/login").read().decode()
        token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
        form = {"csrf_token": token, "login": login, "password": login}
        self.opener.open(f"{url}/web/login", urllib.parse.urlencode(form).encode()).read()

    @property
    def session(self):
        return next(cookie.value for cookie in self.jar if cookie.name == "session_id")

    def call(self, model, method, *args, **kwargs):
        """:raise RuntimeError: the server refuses, with its words"""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/web/dataset/call_kw",
            json.dumps({"jsonrpc": "2.0", "params": params}).encode(),
            {"Content-Type": "application/json"},
        )
        answer = json.load(self.opener.open(request))
        if "error" in answer:
            raise RuntimeError(f"{model}.{method}: {answer['error']['data']['message']}")
        return answer.get("result")  # absent: nothing was returned

    def page(self, path):
        """Text of a page of the portal."""
        return self.opener.open(f"{self.url}{path}").read().decode()

    def send(self, path, page, **fields):
        """Send a form of the portal that stands on ``page``."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
        form = urllib.parse.urlencode({"csrf_token": token, **fields}).encode()
        self.opener.open(f"{self.url}{path}", form).read()

    def user(self, login):
        return self.call("res.users", "search", [("login", "=", login)])[0]


def prepare(url):
    """Make what is missing; calling it again makes nothing twice on one day."""
    region_manager, platform = Client(url, "harbor"), Client(url, "platform")
    _plan_route(region_manager)
    _draft_planogram(region_manager)
    _limit_prices(platform)
    _complain(region_manager)
    _adjust_share(platform)
    _object(Client(url, "host"), platform)
    _hand_over_vouchers(platform)
    _approve_one(Client(url, "finance"))
    _bring_firmware(platform)
    screenshot_device.speak(url, platform)


def _bring_firmware(client):
    """A released version and a campaign in two waves that runs."""
    if client.call("wine.firmware", "search_count", []):
        return
    models = client.call("wine.machine.model", "search", [])
    image = base64.b64encode(b"an image for pictures" * 4096).decode()
    notes = "Quieter lift. The card terminal answers sooner after a lost connection."
    values = {"version": "3.0.0", "model_ids": models, "file": image, "notes": notes}
    (version,) = client.call("wine.firmware", "create", [values])
    client.call("wine.firmware", "action_sign", [version])
    client.call("wine.firmware", "action_release", [version])
    top = client.call("wine.region", "search", [("parent_id", "=", False)])
    values = {"firmware_id": version, "region_id": top[0]}
    (campaign,) = client.call("wine.firmware.campaign", "create", [values])
    client.call("wine.firmware.campaign", "action_start", [campaign])


def _plan_route(client):
    """A route of today for the demo's field staff; open stops stay on the phone for some days."""
    driver = client.user("service-harbor")
    stops = [
        ("user_id", "=", driver),
        ("date", ">=", "today -3d"),
        ("state", "in", ["planned", "started"]),
    ]
    if client.call("wine.visit", "search_count", stops):
        return
    plan = client.call("wine.route.plan", "action_open_mine")["res_id"]
    client.call("wine.route.plan", "write", [plan], {"user_id": driver})
    lines = client.call("wine.route.plan.line", "search_read", [("plan_id", "=", plan)], ["chosen"])
    if lines:
        chosen = [line["id"] for line in lines[:STOPS]]
        client.call("wine.route.plan.line", "write", chosen, {"chosen": True})
        client.call("wine.route.plan", "action_refresh", [plan])
        client.call("wine.route.plan", "action_create_route", [plan])


def _draft_planogram(client):
    """A draft of a machine that sells one of its wines for more."""
    if client.call("wine.planogram", "search_count", [("state", "=", "draft")]):
        return
    machine = client.call("wine.machine", "search", [("state", "=", "active")], limit=1)
    draft = client.call("wine.machine", "action_new_planogram", machine)["res_id"]
    line = client.call(
        "wine.planogram.line", "search_read", [("planogram_id", "=", draft)], ["price"], limit=1
    )[0]
    client.call("wine.planogram.line", "write", [line["id"]], {"price": line["price"] + DEARER})


def _limit_prices(client):
    """A limit that no price of the demo is beyond."""
    if not client.call("wine.price.limit", "search_count", []):
        client.call("wine.price.limit", "create", [{"floor": 1, "ceiling": 500}])


def _complain(client):
    """A bottle of the last sale that its consumer found to be corked: a person decides."""
    if client.call("wine.complaint", "search_count", []):
        return
    vend = client.call(
        "wine.vend", "search_read", [("state", "=", "captured")], ["machine_id", "moment"], limit=1
    )[0]
    values = {
        "kind": "bad",
        "machine_id": vend["machine_id"][0],
        "vend_id": vend["id"],
        "happened_at": vend["moment"],
        "contact_name": "Ada Winter",
        "email": "ada.winter@example.com",
        "text": "The bottle smells of wet cardboard. I kept it, with the cork.",
    }
    client.call("wine.complaint", "create", [values])


def _adjust_share(client):
    """A rent that was agreed afterwards; above the limit, so that a colleague checks it."""
    if client.call("wine.share.adjustment", "search_count", []):
        return
    hosts = [("role", "=", "host"), ("account_kind", "=", "party")]
    line = client.call("wine.share.entry", "search_read", hosts, ["account_id"], limit=1)
    if not line:
        return
    values = {
        "account_id": line[0]["account_id"][0],
        "role": "host",
        "amount": RENT,
        "reason": "Rent of last month, agreed afterwards",
    }
    made = client.call("wine.share.adjustment", "create", [values])
    client.call("wine.share.adjustment", "action_post", made)


def _object(partner, platform):
    """The host of the demo sees one line differently, and says so in the portal."""
    if platform.call("wine.case", "search_count", [("kind", "=", "share_dispute")]):
        return
    found = re.search(r"/my/share/line/(\d+)", partner.page("/my/share/lines"))
    if found:
        path = found.group(0)
        text = "The machine has stood in our new hall since the 1st, where ten per cent are agreed."
        partner.send(f"{path}/dispute", partner.page(path), text=text)


def _hand_over_vouchers(client):
    """Cash that was owed is handed over, so that no case holds up who shared these sales."""
    owed = client.call("wine.case", "search", [("kind", "=", "owed"), ("state", "=", "open")])
    if owed:
        client.call("wine.case", "action_close", owed)


def _approve_one(client):
    """Of two withdrawals one is approved, so that its partner may apply again."""
    waiting = client.call(
        "wine.share.withdrawal",
        "search_read",
        [("state", "=", "submitted")],
        ["can_approve"],
        order="id desc",
    )
    if len(waiting) > 1 and waiting[0]["can_approve"]:
        client.call("wine.share.withdrawal", "action_approve", [waiting[0]["id"]])
