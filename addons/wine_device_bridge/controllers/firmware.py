# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import http
from odoo.http import request


class DeviceFirmware(http.Controller):
    """Where machines fetch their firmware: an address of one machine, signed, for a while."""

    @http.route(
        "/wine/device/firmware/<int:install>/<int:until>/<string:token>",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
        sitemap=False,
    )
    def firmware(self, install, until, token):
        """The image, or the part that ``Range`` asks for, from disk; 403 whatever is wrong."""
        found = request.env["wine.firmware.install"]._by_link(install, until, token)
        if not found:
            return request.make_response(
                "refused", status=403, headers=[("Cache-Control", "no-store")]
            )
        image = found.firmware_id.sudo()  # the address is the right to it
        stream = request.env["ir.binary"].sudo()._get_stream_from(
            image, "file", filename=f"{image.version}.bin", mimetype="application/octet-stream"
        )  # fmt: skip
        return stream.get_response(as_attachment=True, immutable=False)
