# SPDX-License-Identifier: LGPL-3.0-or-later
"""Screenshots of the guides, taken from a running installation: `make run`, then `make
screenshots`.

Each page is taken at the width of a desktop and of a phone. A page that shows an error, or whose
selector does not appear, ends the script with what was expected: a guide is never illustrated by a
broken screen.
"""

import argparse
import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket

from tools.screenshot_data import Client, prepare
from tools.shots import SHOTS, Shot

__all__ = ["Browser", "Shot", "session_of", "take"]
PROJECT = Path(__file__).resolve().parent.parent
WIDTHS = {"desktop": (1366, 900), "phone": (390, 844)}
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-allow-origins=*",
    "--remote-debugging-port=0",
)


class Browser:
    """Headless Chromium, driven over its debugging socket."""

    def __init__(self, program, profile):
        self.process = subprocess.Popen(  # noqa: S603
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stderr=subprocess.PIPE,
            text=True,
        )
        for line in self.process.stderr:
            found = re.search(r"ws://[^/]+", line)
            if found:
                break
        port = found.group().rsplit(":", 1)[1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:  # noqa: S310
            pages = json.load(answer)
        page = next(page for page in pages if page["type"] == "page")
        self.socket = websocket.create_connection(page["webSocketDebuggerUrl"], timeout=60)
        self.number = 0

    def call(self, method, **params):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return result["result"].get("value")

    def until(self, expression, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.value(f"Boolean({expression})"):
                return True
            time.sleep(0.2)
        return False

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(10)


def session_of(url, login):
    """Session cookie of a demo user, whose password is the login."""
    return Client(url, login).session


def _element(target):
    """What finds the target of a click in the page."""
    kind, _colon, text = target.partition(":")
    if kind != "text":
        return f"document.querySelector({json.dumps(target)})"
    places = ".o_data_row .o_data_cell, .o_kanban_record"
    return (
        f"[...document.querySelectorAll({json.dumps(places)})]"
        f".find((one) => one.innerText.includes({json.dumps(text)}))"
    )


def _reach(browser, shot):
    """Click the way to what the shot is of; a click that came too early is made again."""
    there = f"document.querySelector({json.dumps(shot.selector)})"
    if not shot.clicks and not shot.script:
        return browser.until(there)
    targets = shot.clicks or (re.search(r"querySelector\('([^']+)'", shot.script).group(1),)
    for _attempt in range(4):
        for target in targets:
            if shot.clicks and browser.value(f"Boolean({there})"):
                return True
            element = _element(target)
            if browser.until(element, 15):
                time.sleep(0.6)
                browser.value(shot.script and f"{{{shot.script}}};0" or f"{element}?.click();0")
        if browser.until(there, 8):
            return True
    return False


def take(browser, url, shot, folder):
    """Take one shot at each of its widths; returns the files written."""
    written = []
    for width in shot.widths:
        wide, high = WIDTHS[width]
        browser.call(
            "Emulation.setDeviceMetricsOverride",
            width=wide,
            height=high,
            deviceScaleFactor=1,
            mobile=width == "phone",
        )
        browser.call("Emulation.setTouchEmulationEnabled", enabled=width == "phone")
        browser.call("Page.navigate", url="about:blank")
        browser.call("Page.navigate", url=url + shot.path)
        if not _reach(browser, shot):
            sys.exit(f"{shot.name} at {width}: {shot.selector} does not appear")
        if shot.scroll:
            element = f"document.querySelector({json.dumps(shot.scroll)})"
            browser.value(f"{element}?.scrollIntoView({{block: 'center'}});0")
        if browser.value('document.querySelector(".o_error_dialog")?.innerText'):
            sys.exit(f"{shot.name} at {width}: the page shows an error")
        time.sleep(1.2)
        picture = browser.call("Page.captureScreenshot", format="png")
        path = folder / f"{shot.name}-{width}.png"
        path.write_bytes(base64.b64decode(picture["data"]))
        written.append(path)
    return written


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8069")
    parser.add_argument("--folder", type=Path, default=PROJECT / "docs" / "images")
    parser.add_argument("--only", nargs="*", help="names of shots")
    options = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        sys.exit("Chromium is not installed; `apt-get install chromium`.")
    prepare(options.url)
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        try:
            for shot in SHOTS:
                if options.only and shot.name not in options.only:
                    continue
                browser.call("Network.clearBrowserCookies")
                if shot.login:
                    cookie = session_of(options.url, shot.login)
                    browser.call(
                        "Network.setCookie", name="session_id", value=cookie, url=options.url
                    )
                for path in take(browser, options.url, shot, options.folder):
                    print(path.name)
        finally:
            browser.close()


if __name__ == "__main__":
    main()
