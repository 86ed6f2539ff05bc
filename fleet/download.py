# SPDX-License-Identifier: LGPL-3.0-or-later
"""Fetching firmware beside the fleet's one thread, so that a slow server holds up no machine."""

import logging
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

LARGEST = 64 * 1024 * 1024  # bytes
ATTEMPTS, PAUSE, PATIENCE = 3, 1.0, 20.0  # seconds between attempts, and for each
log = logging.getLogger(__name__)
_pool = ThreadPoolExecutor(4, "download")


def start(url):
    """A future of the bytes, or of None where the server gives none within the limits."""
    return _pool.submit(fetch, url)


def fetch(url):
    """The bytes of an http(s) URL, or None; an image that is too large counts as none."""
    for attempt in range(ATTEMPTS):
        time.sleep(PAUSE * attempt)
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 checked
                image = answer.read(LARGEST + 1)
        except (OSError, ValueError) as error:
            log.warning("download of firmware failed: %s", type(error).__name__)
            continue
        return image if len(image) <= LARGEST else None
    return None
