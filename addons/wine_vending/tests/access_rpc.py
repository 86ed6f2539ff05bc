# SPDX-License-Identifier: LGPL-3.0-or-later
"""Kit of the access tests: calls from outside, as a browser or a program makes them."""

import json
from datetime import datetime, timedelta

from odoo.tests import HttpCase
from odoo.tools import mute_logger

from .access import AccessCommon


class RpcCommon(AccessCommon, HttpCase):
    """One user speaks at a time; the answer is the result or the name of the error."""

    speaking = None
    session = None  # here it is that of HTTP, not the trading day

    def rpc(self, role, model, method, args=(), **kwargs):
        """Result, or the name of the exception that the server answers with."""
        user = self.users[role]
        if self.speaking != role:
            self.authenticate(user.login, user.login)
            self.speaking = role
        with mute_logger("odoo.http"):
            answer = self.url_open(
                f"/web/dataset/call_kw/{model}/{method}",
                data=json.dumps(
                    {
                        "jsonrpc": "2.0",
                        "params": {
                            "model": model,
                            "method": method,
                            "args": list(args),
                            "kwargs": kwargs,
                        },
                    }
                ),
                headers={"Content-Type": "application/json"},
            ).json()
        if "error" in answer:
            return answer["error"]["data"]["name"].rsplit(".", 1)[-1]
        return answer["result"]

    def json2(self, key, model, method, **params):
        with mute_logger("odoo.http", "odoo.addons.rpc.controllers.json2"):
            return self.url_open(
                f"/json/2/{model}/{method}",
                data=json.dumps(params),
                headers={"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
            )

    def key_of(self, role):
        user = self.users[role]
        return (
            self.env["res.users.apikeys"]
            .with_user(user)
            .sudo()
            ._generate("rpc", "test", datetime.now() + timedelta(hours=1))
        )
