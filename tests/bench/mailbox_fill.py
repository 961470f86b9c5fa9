#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Puts many small messages into Maildirs as if they had come long ago: hard links to a few
files, since only their names matter when a mailbox is opened.

mailbox_fill.py COUNT MAILDIR...
"""
import os
import sys

LINKS = 30000  # of one file; ext4 allows 65,000

HEADER = b"From: <load@client.example>\r\nSubject: old\r\n\r\n"
TEXT = HEADER + b"x" * 76 * 10 + b"\r\n"


def fill(maildir, count):
    owner = os.stat(os.path.join(maildir, "new"))
    for number in range(count):
        place = "%s/cur/%d.M%dP1Q%d.bench,S=%d,W=%d:2," % (
            maildir, 1700000000 + number, number % 1000000, number, len(TEXT), len(TEXT))
        if number % LINKS == 0:
            first = place
            with open(first, "wb") as file:
                file.write(TEXT)
            os.chown(first, owner.st_uid, owner.st_gid)
            os.chmod(first, 0o600)
        else:
            os.link(first, place)


for directory in sys.argv[2:]:
    fill(directory, int(sys.argv[1]))
