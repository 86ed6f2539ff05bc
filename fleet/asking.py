# SPDX-License-Identifier: LGPL-3.0-or-later
"""People who show a token at the device, and what they are told (docs/protocol §6).

A question is open until an answer comes or three seconds have passed; whoever is told of slots may
choose one and ask again with it. Nothing of it outlives the power: nobody stands there any more.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from fleet.outbox import NEVER

PATIENCE = 3.0
REMEMBERED = 200


@dataclass(frozen=True)
class Answer:
    """What came of a question after so many seconds: `vend`, `offer`, `deny`, or `none`."""

    word: str
    seconds: float
    args: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """Somebody who waits."""

    at: float
    kind: str
    token: str = field(repr=False)
    slot: str | None = None


class Asking:
    """The questions of a device. `answers` holds what came of the last ones, by request id."""

    def __init__(self, device):
        self.device = device
        self.open, self.answers = OrderedDict(), OrderedDict()

    def ask(self, now, kind, token, slot=None):
        """`auth.request`; returns its id."""
        device = self.device
        request_id = device.ids.uuid7(device.clock.read(now))
        data = {"request_id": request_id, "kind": kind, "token": token}
        data |= {"slot": slot} if slot else {}
        self.open[request_id] = Question(now, kind, token, slot)
        device.emit(now, "auth.request", data, request_id)
        return request_id

    def offered(self, args, now):
        """`auth.offer`: the person sees it, and chooses or goes."""
        question = self._close(args.get("request_id"), "offer", args, now)
        slots = [slot for slot in args.get("slots") or () if isinstance(slot, str)]
        options = self.device.options
        if question and slots and self.device.chance.random() < options.choose_rate:
            slot = self.device.chance.choice(slots)
            self.ask(now, question.kind, question.token, slot)

    def denied(self, args, now):
        """`auth.deny`: the person sees why not."""
        self._close(args.get("request_id"), "deny", args, now)

    def authorised(self, args, now):
        """`vend.authorize` answers whoever waits longest; it does not say whom."""
        request_id = next(iter(self.open), None)
        if request_id:
            self._close(request_id, "vend", args, now)

    def tick(self, now):
        """Who is not answered in time goes."""
        for request_id, question in list(self.open.items()):
            if now - question.at >= PATIENCE:
                self._close(request_id, "none", {}, now)

    def wake(self, _now):
        """When the patience of the first one ends."""
        first = next(iter(self.open.values()), None)
        return first.at + PATIENCE if first else NEVER

    def _close(self, request_id, word, args, now):
        question = self.open.pop(request_id, None)
        if question:
            self.answers[request_id] = Answer(word, now - question.at, args)
            while len(self.answers) > REMEMBERED:
                self.answers.popitem(last=False)
        return question
