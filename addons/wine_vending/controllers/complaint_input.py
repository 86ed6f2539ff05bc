# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a stranger's form may bring in: checked, cut to size, and nothing else."""

import io
import re
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from PIL import Image

from odoo.exceptions import UserError
from odoo.tools import email_normalize
from odoo.tools.image import image_process
from odoo.tools.mimetypes import guess_mimetype

from ..models.wine_complaint import KINDS

PHOTOS, PHOTO_BYTES = 3, 6 * 1024 * 1024
PHOTO_TYPES = ("image/jpeg", "image/png")
PHOTO_SIDE = 1600
#: all of a form with its photos
FORM_BYTES = PHOTOS * PHOTO_BYTES + 64 * 1024
LENGTHS = {"contact_name": 80, "phone": 40, "text": 2000, "slot_code": 8, "receipt_code": 40}
OLDEST = timedelta(days=120)


class Refused(Exception):
    """A field is not usable; the text says which and what to do."""


def read_form(env, form, tz):
    """Values of a complaint from a public form.

    :param dict form: strings as posted; :param str tz: time zone in which its times are meant
    :return: dict of fields
    :raise Refused: a field cannot be used
    """
    kind = form.get("kind")
    if kind not in dict(KINDS):
        raise Refused(env._("Choose what happened."))
    values = {name: _cut(form, name) for name in LENGTHS}
    values["email"] = email_normalize(form.get("email") or "") or False
    if not values["email"] and not values["phone"]:
        raise Refused(env._("Leave an e-mail address or a phone number, so that we can answer."))
    return {
        **values,
        "kind": kind,
        "happened_at": _moment(env, form.get("happened_at"), tz),
        "amount_claimed": _amount(env, form.get("amount")),
        "card_last4": _last4(env, form.get("card_last4")),
    }


def _cut(form, name):
    text = " ".join((form.get(name) or "").split()) if name != "text" else form.get(name) or ""
    return text.replace("\x00", "").strip()[: LENGTHS[name]] or False


def _moment(env, text, tz):
    try:
        local = datetime.fromisoformat(text or "")
    except ValueError as error:
        raise Refused(env._("Say on which day and at what time it was.")) from error
    zone = ZoneInfo(tz or "UTC")
    moment = local.replace(tzinfo=local.tzinfo or zone).astimezone(timezone.utc)
    now = datetime.now(timezone.utc)
    if not now - OLDEST <= moment <= now + timedelta(hours=1):
        raise Refused(env._("That time lies in the future or too long ago. Check the date."))
    return moment.replace(tzinfo=None)


def _amount(env, text):
    text = (text or "").strip().replace(",", ".")
    if not text:
        return 0.0
    if not re.fullmatch(r"\d{1,7}(\.\d{1,3})?", text, re.ASCII):
        raise Refused(env._("Write the amount as a number, such as 128.00."))
    return float(text)


def _last4(env, text):
    text = (text or "").strip()
    if text and not re.fullmatch(r"\d{4}", text, re.ASCII):
        raise Refused(env._("The last digits of the card are four digits."))
    return text or False


def read_photos(env, files):
    """Photos as JPEG, without what a camera writes into them (place, owner).

    :param files: uploaded files; empty ones are left out
    :return: [(name, bytes)]
    :raise Refused: too many, too large, or no photo
    """
    files = [file for file in files if file and file.filename]
    if len(files) > PHOTOS:
        raise Refused(env._("Send %s photos at most.", PHOTOS))
    return [(f"photo-{number}.jpg", _photo(env, file)) for number, file in enumerate(files, 1)]


def _photo(env, file):
    raw = file.read(PHOTO_BYTES + 1)
    if len(raw) > PHOTO_BYTES:
        raise Refused(env._("A photo is larger than %s MB. Send a smaller one.", PHOTO_BYTES >> 20))
    if guess_mimetype(raw) not in PHOTO_TYPES:
        raise Refused(env._("Only photos (JPEG or PNG) can be sent."))
    try:
        sized = image_process(raw, size=(PHOTO_SIDE, PHOTO_SIDE), verify_resolution=True)
        stream = io.BytesIO()
        with Image.open(io.BytesIO(sized)) as image:
            image.convert("RGB").save(stream, "JPEG", quality=85, exif=b"")
        return stream.getvalue()
    except (UserError, ValueError, OSError) as error:
        raise Refused(env._("A photo cannot be read. Take it again, please.")) from error
