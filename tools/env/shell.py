# SPDX-License-Identifier: LGPL-3.0-or-later
"""Running programs, and telling what takes its time."""

import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

from .errors import EnvError

STARTED = time.monotonic()


def say(text):
    """Print one line with the seconds since the start before it."""
    print(f"[{time.monotonic() - STARTED:5.0f} s] {text}", flush=True)


@contextmanager
def step(text):
    """Announce a long step, give a sign of life every 10 s, and say how long it took."""
    say(f"{text} …")
    began, over = time.monotonic(), threading.Event()

    def beat():
        while not over.wait(10):
            say(f"  … {text}: {time.monotonic() - began:.0f} s so far")

    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        over.set()
    if time.monotonic() - began > 2:
        say(f"  done in {time.monotonic() - began:.0f} s")


def run(command, *, failure=None, log=None, **kwargs):
    """Run `command` and return its output; EnvError(failure) when it fails.

    `log` names a file that gets the output instead.
    """
    command = [str(part) for part in command]
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    try:
        if log:
            with open(log, "ab") as stream:
                done = subprocess.run(command, stdout=stream, stderr=stream, **kwargs)
        else:
            done = subprocess.run(command, capture_output=True, **kwargs)
    except FileNotFoundError as error:
        raise EnvError(failure or f"{command[0]} is missing: install it.") from error
    except PermissionError as error:
        raise EnvError(failure or f"{command[0]} cannot be run: {error.strerror}.") from error
    if done.returncode:
        raise EnvError(explain(command, done, failure, log))
    return "" if log else done.stdout.decode(errors="replace")


def explain(command, done, failure, log):
    """Return one line: what failed and the last thing that the program said."""
    if log:
        last = f"see {log}"
    else:
        said = (done.stderr or done.stdout or b"").decode(errors="replace").strip()
        last = said.splitlines()[-1] if said else f"exit code {done.returncode}"
    return f"{failure or os.path.basename(command[0]) + ' failed.'} ({last})"


def is_root():
    """Return whether this process may do anything."""
    return os.geteuid() == 0


def fail(text):
    """Print `text` as an error and leave."""
    print(f"error: {text}", file=sys.stderr, flush=True)
    raise SystemExit(1)
