# SPDX-License-Identifier: ISC
"""Keytabs (MIT's format 0502) read and written, to make the wrong ones that `postern check` is to find."""
import struct
from collections import namedtuple


class Key(namedtuple("Key", "principal enctype version raw")):
    """raw is the record from its start to the 8-bit key number, and from behind it to the key's end."""

    def with_version(self, version):
        return self._replace(version=version)

    def with_wrong_key(self):
        """Of the same kind, but nobody's."""
        head, tail = self.raw
        return self._replace(raw=(head, tail[:4] + bytes(len(tail) - 4)))


def take_key(record):
    count, = struct.unpack(">H", record[:2])
    at, names = 2, []
    for _ in range(count + 1):  # the realm comes first
        length, = struct.unpack(">H", record[at:at + 2])
        names.append(record[at + 2:at + 2 + length].decode())
        at += 2 + length
    at += 8  # the name's type, the time
    version, enctype, length = struct.unpack(">BHH", record[at:at + 5])
    end = at + 5 + length
    if len(record) >= end + 4:
        version = struct.unpack(">I", record[end:end + 4])[0] or version
    return Key("/".join(names[1:]) + "@" + names[0], enctype, version, (record[:at], record[at + 1:end]))


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    assert data[:2] == b"\x05\x02", data[:2]
    at, keys = 2, []
    while at + 4 <= len(data):
        length, = struct.unpack(">i", data[at:at + 4])
        if length > 0:
            keys.append(take_key(data[at + 4:at + 4 + length]))
        at += 4 + abs(length)
    return keys


def write(path, keys):
    """Into the file that is there: owner and mode stay."""
    with open(path, "wb") as file:
        file.write(b"\x05\x02")
        for key in keys:
            head, tail = key.raw
            record = head + struct.pack(">B", key.version & 0xFF) + tail + struct.pack(">I", key.version)
            file.write(struct.pack(">i", len(record)) + record)
