# SPDX-License-Identifier: LGPL-3.0-or-later
"""The one file that Debian leaves out of Odoo's back office bundle.

Without `selfie_segmentation.js` the bundle logs an error and browser tests fail. It comes from the
package of its makers where npm is there; else a stand-in takes its place, as nothing here blurs the
background of a video call.
"""

import shutil
import tarfile
import tempfile
from pathlib import Path

from .errors import EnvError
from .paths import CACHE, ensure
from .shell import run, say

PACKAGE = "@mediapipe/selfie_segmentation@0.1.1675465747"
TARGET = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
STAND_IN = """\
/* Stand-in for @mediapipe/selfie_segmentation: npm was not at hand when this was set up.
 * Background blur in video calls does nothing; everything else works. */
globalThis.SelfieSegmentation = class SelfieSegmentation {
    setOptions() {}
    onResults() {}
    async initialize() {}
    async send() {}
    async close() {}
    reset() {}
};
"""


def add(packages):
    """Put the file into Odoo's `mail` addon, where it is missing."""
    target = packages / TARGET
    if target.exists():
        return
    ensure(target.parent)
    original = _original()
    if original:
        shutil.copyfile(original, target)
    else:
        say("  npm is not here: a stand-in replaces selfie_segmentation.js (background blur)")
        target.write_text(STAND_IN)


def _original():
    """Return the cached file, fetched with npm when needed, or None."""
    cached = CACHE / "npm" / "selfie_segmentation.js"
    if cached.exists():
        return cached
    if not shutil.which("npm"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(["npm", "pack", "--silent", PACKAGE], cwd=folder)
            archive = next(Path(folder).glob("*.tgz"))
        except (EnvError, StopIteration):
            return None
        with tarfile.open(archive) as tar:
            content = tar.extractfile("package/selfie_segmentation.js").read()
    ensure(cached.parent)
    cached.write_bytes(content)
    return cached
