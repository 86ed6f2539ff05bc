# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the offline tool signs, the platform and the machines believe."""

import stat

from fleet import firmware as device
from tools import sign_firmware


def said(capsys):
    return capsys.readouterr().out.split()


def test_new_sign_verify(tmp_path, capsys):
    key, image = tmp_path / "key", tmp_path / "image"
    image.write_bytes(b"image" * 1000)
    assert sign_firmware.main(["new", str(key)]) == 0
    (public,) = said(capsys)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert sign_firmware.main(["sign", str(key), "3.0.0", str(image)]) == 0
    words = said(capsys)
    args = dict(zip(words[::2], words[1::2], strict=True))
    assert device.believed(public, args)
    assert not device.believed(public, args | {"version": "3.0.1"})
    verify = ["verify", public, "3.0.0", str(image), args["signature"]]
    assert sign_firmware.main(verify) == 0
    image.write_bytes(b"imagE" * 1000)
    assert sign_firmware.main(verify) == 1


def test_a_key_is_never_written_over(tmp_path, capsys):
    key = tmp_path / "key"
    assert sign_firmware.main(["new", str(key)]) == 0
    before = key.read_text()
    assert sign_firmware.main(["new", str(key)]) == 1
    assert key.read_text() == before
    key.write_text("nonsense")
    assert sign_firmware.main(["public", str(key)]) == 1
    assert capsys.readouterr().err
