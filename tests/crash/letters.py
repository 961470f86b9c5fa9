# SPDX-License-Identifier: ISC
"""Messages that prove themselves: the whole text follows from the token and the recipients in its first line.

So a reader who holds nothing but the message can tell that no octet is missing, none was
added, and that it was meant for the mailbox it is in.
"""
import hashlib
import random
import re

_NOISE = bytearray(random.Random(1870).randbytes(1 << 18))
for _i in range(len(_NOISE)):
    _NOISE[_i] = 33 + _NOISE[_i] % 94
for _i in range(70, len(_NOISE) - 2, 72):  # lines of all our own making, some with a dot in front
    _NOISE[_i:_i + 2] = b"\r\n"
    if _i % 5 == 0:
        _NOISE[_i + 2:_i + 3] = b"."
_NOISE = bytes(_NOISE)
_FIRST = re.compile(rb"^X-Force: (\S+) (\S+)\r\n", re.MULTILINE)


def letter(token, recipients, large=True):
    """As it is in the file, lines ended by CRLF. Most are of a few KB, some large."""
    seed = hashlib.sha256(token.encode()).digest()
    size = 200 + int.from_bytes(seed[:2], "big") % 9000
    if large and seed[2] < 8:
        size += 150000
    at = int.from_bytes(seed[3:6], "big") % (len(_NOISE) - size)
    return b"X-Force: %s %s\r\nSubject: %s\r\n\r\n%s\r\n%s\r\n" % (
        token.encode(), ",".join(recipients).encode(), token.encode(), _NOISE[at:at + size].replace(b"\r", b"")
        .replace(b"\n", b"\r\n"), seed.hex().encode())


def stuffed(text):
    """For DATA, without the line that ends it."""
    if text.startswith(b"."):
        text = b"." + text
    return text.replace(b"\r\n.", b"\r\n..")


def token_of(text):
    """Of a message, whole or not, or of what is told of it; None when it is none of ours."""
    first = re.search(rb"X-Force: (\w+)", text)
    return first.group(1).decode() if first else None


def examine(text, mailbox):
    """(token, "") of a good message in the mailbox, or (None, what is wrong with it)."""
    first = _FIRST.search(text)
    if not first:
        return None, "not one of ours, or its head is torn: %r" % text[:120]
    token, recipients = first.group(1).decode(), first.group(2).decode().split(",")
    if mailbox not in recipients:
        return None, "%s is for %s, not for %s" % (token, recipients, mailbox)
    if text[first.start():] != letter(token, recipients):
        return None, "%s is torn: %d octets, should be %d" % (
            token, len(text) - first.start(), len(letter(token, recipients)))
    head = text[:first.start()]
    if head and not re.match(rb"(Return-Path|Received):", head):
        return None, "%s has something strange in front: %r" % (token, head[:80])
    return token, ""
