# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models

from ..core.auth import ERROR, MAINTENANCE, TIMEOUT, TOO_MANY, UNSUPPORTED, Deny


class WineMachine(models.Model):
    """Somebody shows a token at a machine: a member, a pickup, a voucher.

    The bridge brings the questions, the wings know the answers. Whoever extends ``_auth_request``
    answers the kinds that it knows and leaves the others to ``super()``. It has less than three
    seconds, and works in a transaction of its own that is undone when the answer comes too late:
    nothing may be done outside of the database before it is committed.
    """

    _inherit = "wine.machine"

    @api.model
    def _auth_request(self, requests):
        """Answer what machines ask; here: nothing of it is offered.

        :param list requests: of :class:`~..core.auth.AuthRequest`, usually one
        :return: dict request → ``Deny``, ``Offer`` or ``Authorised`` of ``core/auth``; what is
            missing is denied as unsupported
        """
        return {request: request.machine._auth_deny(UNSUPPORTED) for request in requests}

    @api.model
    def _auth_answers(self, requests):
        """Answers to all requests: machines out of service are not even asked for.

        :return: dict request → answer, complete
        """
        open_ones = [request for request in requests if request.machine.state == "active"]
        answers = self._auth_request(open_ones) if open_ones else {}
        for request in requests:
            if request.machine.state != "active":
                answers[request] = request.machine._auth_deny(MAINTENANCE)
            elif not answers.get(request):
                answers[request] = request.machine._auth_deny(UNSUPPORTED)
        return answers

    def _auth_deny(self, code):
        """A denial in the words of this machine's consumers."""
        self.ensure_one()
        env = self.with_context(lang=self._consumer_lang()).env
        texts = {
            UNSUPPORTED: env._("This is not offered at this machine. Please buy as usual."),
            MAINTENANCE: env._("This machine is being serviced. Please try again later."),
            TOO_MANY: env._("Too many wrong codes here. Please try again in ten minutes."),
            TIMEOUT: env._("This takes too long. Please try again."),
            ERROR: env._("Something went wrong on our side. Please try again, or buy as usual."),
        }
        return Deny(code, texts[code])

    def _consumer_lang(self):
        """Language of those who stand at the machine: of who operates it there."""
        self.ensure_one()
        region = self.sudo().region_id
        codes = [region.operator_partner_id.lang, region.company_id.partner_id.lang]
        known = dict(self.env["res.lang"].get_installed())
        return next((code for code in codes if code in known), "en_US")
