# SPDX-License-Identifier: LGPL-3.0-or-later
import random
from uuid import UUID, uuid4

from odoo.tests import tagged

from ..process.copying import field
from .common import BridgeCommon

ROUNDS = 25


@tagged("post_install", "-at_install")
class TestStoreInterleaved(BridgeCommon):
    """Whatever the order, the batches and the repetitions: the same rows, the same journals.

    Each round deals the same messages (good, refused, contradicting, of two machines and two
    epochs) in another way. What a message becomes may depend on what came first only where two
    contradict each other; these are dealt in a fixed order among themselves.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_machine(cls.region, {"A1": cls.wine}, name="Other")
        cls.machine.bridge_epoch = cls.other.bridge_epoch = 2

    def messages(self, chance):
        """[(machine, content, whether it is good)]; of numbers 1 to 12 some never come."""
        made = []
        for machine in (self.machine, self.other):
            for epoch in (1, 2):
                for seq in range(1, 13):
                    if chance.random() < 0.15:
                        continue
                    text = chance.choice(["bench", "a\tb\nc\\d\r", "\\N", "酒 “é” \u2028"])
                    data = {"state": "opened", "by": text}
                    good = chance.random() < 0.85
                    made.append((machine, self.made(chance, epoch, seq, data, good), good))
        return made

    def made(self, chance, epoch, seq, data, good):
        content = self.envelope(epoch=epoch, seq=seq, data=data)
        content["id"] = str(UUID(int=chance.getrandbits(128), version=4))
        if not good:
            content["data"] = "no object"
        return content

    def deal(self, messages, chance):
        """Each message once or more, in any order, in batches and arrays of any size."""
        dealt = [each for each in messages for _time in range(chance.choice([1, 1, 1, 2, 3]))]
        chance.shuffle(dealt)
        batches = []
        while dealt:
            size = chance.randint(1, 20)
            batch, dealt = dealt[:size], dealt[size:]
            batches.append([self.publish(self._late(c, chance), machine=m) for m, c, _g in batch])
        return batches

    @staticmethod
    def _late(content, chance):
        return dict(content, hist=chance.random() < 0.5)

    def stored(self):
        self.env.invalidate_all()
        good = self.events(state="new")
        rows = {(e.machine_id, e.epoch, int(e.seq), e.event_id, e.data["by"]) for e in good}
        self.assertEqual(len(rows), len(good))
        return rows, sum(good.mapped("duplicates"))

    def journals(self):
        found = self.env["wine.bridge.journal"].search(
            [("machine_id", "in", (self.machine | self.other).ids)]
        )
        covered = set()
        for journal in found:
            missing = {n for first, last in journal.gaps or [] for n in range(first, last + 1)}
            numbers = set(range(1, int(journal.highest) + 1)) - missing
            covered |= {(journal.machine_id, journal.epoch, number) for number in numbers}
        return covered

    def test_any_order_any_batches_any_repetition(self):
        for seed in range(ROUNDS):
            with self.subTest(seed=seed), self.env.cr.savepoint(flush=True) as savepoint:
                self.one_round(random.Random(seed))
                savepoint.rollback()
                self.env.invalidate_all()

    def one_round(self, chance):
        messages = self.messages(chance)
        batches = self.deal(messages, chance)
        results = [self.store(*batch) for batch in batches]
        expected = {
            (machine, c["epoch"], c["seq"], c["id"], c["data"]["by"])
            for machine, c, good in messages
            if good
        }
        rows, duplicates = self.stored()
        self.assertEqual(rows, expected)
        everything = {(machine, c["epoch"], c["seq"]) for machine, c, _good in messages}
        self.assertEqual(self.journals(), everything, "journals cover what is kept, and no more")
        sent = sum(len(batch) for batch in batches)
        bad = sum(result.quarantined for result in results)
        stored = sum(result.stored for result in results)
        self.assertEqual(stored, len(expected))
        self.assertEqual(sent, stored + duplicates + bad)
        for result in results:
            for (_uuid, epoch), journal in result.journals.items():
                self.assertGreaterEqual(journal.highest, journal.acknowledgement(epoch)["ack_seq"])

    def test_the_first_of_two_that_contradict_stands(self):
        for seed in range(10):
            chance = random.Random(seed)
            first, second = self.envelope(), self.envelope()
            second.update(seq=first["seq"], data={"state": "closed"})
            pair = [self.publish(first), self.publish(second)]
            if chance.random() < 0.5:
                result = self.store(*pair)
                stored, refused = result.stored, result.quarantined
            else:
                one, two = self.store(pair[0]), self.store(pair[1])
                stored, refused = one.stored + two.stored, one.quarantined + two.quarantined
            self.assertEqual((stored, refused), (1, 1))
            self.assertEqual(self.events(seq=first["seq"]).mapped("event_id"), [first["id"]])

    def test_what_copy_would_misread_arrives_as_it_is(self):
        for text in (
            "a\tb",
            "a\nb",
            "a\rb",
            "a\\b",
            "\\N",
            "\\.",
            "\\",
            "",
            " ",
            "\\t",
            "“é”\u2029",
        ):
            with self.subTest(text=text):
                event = self.envelope("x.unknown", {"note": text, "deep": [{"t": text}]})
                self.assertEqual(self.store(self.publish(event)).stored, 1)
                row = self.events(event_id=event["id"])
                self.assertEqual(row.data, {"note": text, "deep": [{"t": text}]})

    def test_fields_of_a_copied_row(self):
        self.assertEqual([field(v) for v in (None, True, 7, "x")], [r"\N", "True", "7", "x"])
        self.assertEqual(field("\\N"), r"\\N")
        self.assertEqual(field(str(uuid4())).count("-"), 4)
