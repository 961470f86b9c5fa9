# SPDX-License-Identifier: ISC
"""What is judged when nothing moves: mailboxes by POP3 and on disk, quotas, what is left over."""
import time

from ground import ADDRESS
from harness import wait_for
from mailboxes import check_files, left_over
from readers import audit
from senders import Talk


def count_anew(ground):
    """A question for room brings each maildirsize up to date."""
    talk = Talk(ADDRESS, 25)
    talk.reply()
    talk.ask("EHLO force.example")
    talk.ask("MAIL FROM:<x@elsewhere.example>")
    for address in ground.people.all:
        talk.ask("RCPT TO:<%s>" % address)
    talk.ask("QUIT")
    talk.close()


def everything(ground, ledger):
    """What is wrong, as texts."""
    count_anew(ground)
    return audit(ADDRESS, ledger, ground.people.all) + check_files(ground, ground.people.all)


def litter(ground):
    roots = ground.gateway.mail, ground.gateway.values["queue"]
    wait_for(lambda: not left_over(*roots))
    return left_over(*roots)


# What a role may keep open between works: connections for password checks, fresh spool files.
KEPT = {"directory": 64 + 8, "frontend": 16 + 4, "store": 4, "relay": 4, "resolver": 4}


def kept_too_many(before, after):
    """(role, pid) -> (before, after) of those that hold on to descriptors; a role that is gone counts too."""
    return {key: (count, after.get(key)) for key, count in before.items()
            if key not in after or after[key] > count + KEPT[key[0]]}


def steady(gateway):
    before = gateway.descriptors()
    time.sleep(0.5)
    return before if gateway.descriptors() == before else None


def idle(gateway):
    """Descriptors when nobody is connected; connections to the directory come and go by themselves."""
    return wait_for(lambda: steady(gateway), step=0.5)
