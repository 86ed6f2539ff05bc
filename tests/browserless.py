# SPDX-License-Identifier: LGPL-3.0-or-later
"""A person at a browser without its screen: cookies, forms, and calls of the back office."""

import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request


class Visitor:
    """Logged in as one person, whose password is the login."""

    def __init__(self, address, login):
        self.address = address
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self.token = ""
        self.page("/web/login")
        self.submit("/web/login", login=login, password=login)

    def page(self, path):
        """Body of a page; its token is kept for the next form."""
        return self._read(self.opener.open(self.address + path, timeout=60))

    def submit(self, path, **form):
        """Send a form as the page before it would; returns (body, address of the answer)."""
        body = urllib.parse.urlencode({"csrf_token": self.token, **form}).encode()
        try:
            answer = self.opener.open(self.address + path, body, timeout=60)
        except urllib.error.HTTPError as refused:
            return self._read(refused), refused.geturl()
        return self._read(answer), answer.geturl()

    def _read(self, answer):
        text = answer.read().decode()
        found = re.search(r'name="csrf_token" value="([^"]+)"', text)
        self.token = found.group(1) if found else self.token
        return text

    def rpc(self, path, params):
        """Result of a JSON route.

        :raise AssertionError: the server answers with an error
        """
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
        request = urllib.request.Request(  # noqa: S310 - our own server
            self.address + path, body, {"Content-Type": "application/json"}
        )
        answer = json.load(self.opener.open(request, timeout=60))
        assert "error" not in answer, answer["error"]["data"]["message"]
        return answer.get("result")

    def call(self, model, method, *args, **options):
        """A method of a model, as a button or a form calls it; ids are the first argument."""
        params = {"model": model, "method": method, "args": args, "kwargs": options}
        return self.rpc(f"/web/dataset/call_kw/{model}/{method}", params)
