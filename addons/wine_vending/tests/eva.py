# SPDX-License-Identifier: LGPL-3.0-or-later
"""Makes audit files as machines write them; imports nothing, for pure tests use it too."""


def crc(data):
    """CRC-16/ARC by its definition, bit by bit, apart from the product's own."""
    register = 0
    for byte in data:
        for bit in range(8):
            out = (register ^ (byte >> bit)) & 1
            register >>= 1
            if out:
                register ^= 0xA001
    return register


def eva_file(*blocks, end="\r\n", header=True, checksum=True, encoding="latin-1"):
    """Blocks between ``ST`` and ``G85``, framed; bytes."""
    body = [*(["DXS*TST0000001*VA*V0/6*1"] if header else []), "ST*001*0001", *blocks]
    covered = "".join(f"{line}\r\n" for line in body[int(header) :]).encode(encoding)
    if checksum:
        body.append(f"G85*{crc(covered):04X}")
    body += [f"SE*{len(body) + int(not header)}*0001", "DXE*1*1"]
    return "".join(f"{line}{end}" for line in body).encode(encoding)


def audit(
    slots, serial="SN-1", currency=(2, "1840", "USD"), board="BOARD1", init="250101*0800", **more
):
    """A whole file of a machine: ``slots`` is {code: (price, count, value)} in minor units."""
    total = (sum(row[2] for row in slots.values()), sum(row[1] for row in slots.values()))
    blocks = [
        f"ID1*{serial}*Nook*01",
        "ID4*" + "*".join(map(str, currency)),
        *([f"ID5*{more['clock']}"] if more.get("clock") else []),
        f"CB1*{board}*Test*1",
        f"VA1*{total[0]}*{total[1]}*{total[0]}*{total[1]}",
        "VA2*0*1*0*1",
        "XX9*what*ever",
    ]
    for code, (price, count, value) in slots.items():
        blocks += [f"PA1*{code}*{price}*Wine {code}", f"PA2*{count}*{value}*{count}*{value}"]
    blocks.append(f"EA4*{init}*TECH")
    return eva_file(*blocks, *more.get("extra", ()))
