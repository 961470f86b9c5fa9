#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The crash campaign: deliveries, readings and removals without pause, while processes are killed with -9.

In each life of the gateway single roles are killed at random instants, then every process of
it, and it is started again. What must hold after each restart, and at the end on the files:

  - a message answered 250 is in the mailbox of each recipient: once, and once more at most for
    every time that its acknowledgement was lost or its end was answered "try again";
  - mail for other domains, answered 250 or dropped into the pickup folder, is at the other server, or
    waits in the queue, or its sender was told, or it is among the bad mail; it came once, and once more
    at most for each acknowledgement that was lost and each kill between two of its arrivals; no file of
    the queue is torn; when all others are well nothing waits for long, and who asked was told of success;
  - no reader ever gets a torn message, or one for somebody else, and a uid keeps its message;
  - what a QUIT answered +OK has removed never comes back; what was marked without QUIT stays;
  - maildirsize agrees with the files, and no mailbox is over its quota;
  - no spool file, unfinished mailbox, claimed file or temporary file is left, no role keeps descriptors.

That the checks can fail is shown at the end of each run: damage is done to mailboxes and queue on
purpose, and each kind must be found. A store role that answers before it delivers (tried in a
copy of the tree) lost five messages in eight seconds, and the campaign named them.

  campaign.py [--short] [--seed NUMBER] [--seconds NUMBER]
"""
import copy
import os
import random
import re
import shutil
import sys
import time

from departures import OUTGOING, Departures
from ground import ADDRESS, PASSWORD, Ground, People, full_or_short
from harness import case, check, run, wait_for
from ledger import Ledger
from load import Load
from mailboxes import check_files, left_over, message_files
from outside import ADDRESSES
from readers import audit
from verdict import KEPT, everything, idle, litter
from waiting import REPORTER


def option(name, default):
    return type(default)(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


SEED = option("--seed", int(time.time()))
SECONDS = option("--seconds", full_or_short(60.0, 6.0))
ROLES = ("frontend", "frontend", "store", "store", "directory", "relay", "relay", "resolver")
KINDS = {"frontend", "store", "directory", "relay", "resolver", "master", "all"}
COSTLY = {"store", "relay"}  # their death may cost an acknowledgement of another server
ENOUGH = full_or_short(5000, 300)  # messages accepted, and as many read, for a verdict


def deal(dice):
    """Roles to kill, for ever, in random order; none waits longer than two decks for its turn."""
    while True:
        deck = list(ROLES)
        dice.shuffle(deck)
        yield from deck


def enough(ledger, departures):
    counts = ledger.counts
    return counts.get("accepted", 0) >= ENOUGH and counts.get("retrieved", 0) >= ENOUGH and \
        counts.get("removed", 0) >= ENOUGH // 10 and len(departures.outside.deliveries) >= ENOUGH // 10


def kill_role(gateway, role, choose, departures):
    def kill():
        return gateway.kill_role(role, choose)
    return departures.kills.around(kill, role == "store") if role in COSTLY else kill()


def one_life(gateway, load, dice, roles, kills, departures):
    """Until the whole gateway is killed. Everybody hurries just before something dies."""
    stop = time.monotonic() + dice.uniform(1.2, full_or_short(8, 2.5))
    while time.monotonic() < stop:
        time.sleep(dice.uniform(0, 0.6))
        load.hurry.set()
        time.sleep(dice.uniform(0.01, 0.1))
        role = next(roles)
        if kill_role(gateway, role, dice.choice, departures):
            kills[role] = kills.get(role, 0) + 1
        load.hurry.clear()
    load.hurry.set()
    time.sleep(dice.uniform(0.01, 0.1))
    departures.kills.around(lambda: kill_gateway(gateway, dice, kills))
    load.hurry.clear()
    kills["all"] = kills.get("all", 0) + 1


def kill_gateway(gateway, dice, kills):
    if "master" not in kills or dice.random() < 0.3:
        os.kill(gateway.process.pid, 9)  # the master alone: everything goes down with it
        kills["master"] = kills.get("master", 0) + 1
        time.sleep(dice.uniform(0, 0.2))
    gateway.kill_all(dice.shuffle)


def campaign(ground, ledger, departures):
    dice, kills = random.Random(SEED), {}
    load = Load(ground, ledger, SEED)
    end = time.monotonic() + SECONDS
    late = end + 900  # a slow machine gets the time it needs
    wrong, lost, roles = [], [], deal(dice)
    while time.monotonic() < end or (time.monotonic() < late and not (enough(ledger, departures) and KINDS <= kills.keys())):
        one_life(ground.gateway, load, dice, roles, kills, departures)
        lost += departures.judge()
        ground.gateway.start()
        wrong += audit(ADDRESS, ledger, ground.people.kept)
    print("# killed: %s" % ", ".join("%s %d" % pair for pair in sorted(kills.items())))
    check("every begun message is brought to its end", load.end())
    check("after each restart every acknowledged message is there", not wrong, wrong[:5])
    check("and what goes out is there, waits, or was told of, and is whole", not lost, lost[:5])
    check("all kinds of processes were killed", KINDS <= kills.keys(), kills)


def verdict(ground, ledger, departures):
    found = everything(ground, ledger)
    check("at the end every acknowledged message is there, whole, and quotas agree", not found, found[:5])
    check("no reader ever got a torn or foreign message, no reply was strange", not ledger.wrong, ledger.wrong[:5])
    departures.kills.around(lambda: ground.gateway.kill_all(random.shuffle))
    ground.gateway.start()
    found = everything(ground, ledger)
    check("and after one more kill -9 too", not found, found[:5])
    found = litter(ground)
    check("no spool file, unfinished mailbox or temporary file is left", not found, found[:5])
    counts = dict(ledger.counts)
    print("# %s; %d stand twice" % (", ".join("%s %d" % pair for pair in sorted(counts.items())), ledger.repeated()))
    check("there was enough to judge", enough(ledger, departures), counts)


def working(ledger):
    """For a while, and until something was done in it."""
    before = ledger.counts["accepted"]
    time.sleep(0.7)
    wait_for(lambda: ledger.counts["accepted"] > before + 10)


def descriptors(ground, ledger):
    """Roles that lived through load and through the death of others keep nothing open."""
    warm = Load(ground, ledger, SEED)
    working(ledger)
    warm.end()
    before = idle(ground.gateway)
    load = Load(ground, ledger, SEED)
    survivor = ground.gateway.roles()["frontend"][0]
    for _ in range(full_or_short(6, 1)):
        working(ledger)
        ground.gateway.kill_role("frontend", lambda pids: next((pid for pid in pids if pid != survivor), None))
    working(ledger)
    load.end()

    def kept(now):
        return [key for key in (before or {}).keys() & now.keys() if now[key] > before[key] + KEPT[key[0]]]
    wait_for(lambda: not kept(idle(ground.gateway) or {}))
    after = idle(ground.gateway)
    check("descriptors come to rest", before and after, "%s, %s" % (before, after))
    for key in sorted((before or {}).keys() & (after or {}).keys()):
        check("%s keeps no descriptors" % key[0], after[key] <= before[key] + KEPT[key[0]],
              "%d, was %d" % (after[key], before[key]))
    found = everything(ground, ledger)
    check("nothing was lost meanwhile", not found and not ledger.wrong, (found + ledger.wrong)[:5])


# --- the checks can fail ---

def with_damage(ground, ledger, name, pattern, damage):
    """The damage must be found, and after it is repaired nothing."""
    address = ground.people.large[0]
    path = ground.mailbox_path(address)
    spare = path + "-spare"
    shutil.copytree(path, spare, symlinks=True)
    damage(path, [file for _, file in message_files(path)])
    other = ledger.unread()
    found = audit(ADDRESS, other, [address]) + other.wrong + check_files(ground, [address])
    found += left_over(ground.gateway.mail)
    check("damage is found: " + name, any(re.search(pattern, text) for text in found), found[:5])
    for part in ("new", "cur", "tmp"):
        shutil.rmtree(os.path.join(path, part))
        shutil.move(os.path.join(spare, part), path)
        own(os.path.join(path, part))
    shutil.copy(spare + "/maildirsize", path)
    shutil.rmtree(spare)


def own(path):
    owner = os.stat(os.path.dirname(path))
    for folder, folders, names in os.walk(path):
        for one in [folder] + [os.path.join(folder, name) for name in names]:
            os.chown(one, owner.st_uid, owner.st_gid)


def shorten(path):
    with open(path, "r+b") as file:
        file.truncate(os.stat(path).st_size - 30)


def turn_over(path):
    with open(path, "r+b") as file:
        file.seek(-100, 2)
        byte = file.read(1)
        file.seek(-100, 2)
        file.write(b"#" if byte != b"#" else b"+")


def copied(path, files, name):
    shutil.copy(files[0], os.path.join(path, "new", name + ",S=%d" % os.stat(files[0]).st_size))
    own(os.path.join(path, "new"))


def foreign(ground, path):
    theirs = ground.mailbox_path(ground.people.large[1])
    for name, file in message_files(theirs):
        with open(file, "rb") as text:
            if ground.people.large[0].encode() not in text.read(2000):
                shutil.copy(file, os.path.join(path, "new", name))
                own(os.path.join(path, "new"))
                return


def line_more(path):
    with open(path + "/maildirsize", "a") as file:
        file.write("1 1\n")


def damages(ground, ledger):
    twice = ledger.unread()
    with_damage(ground, ledger, "a message is missing", "lost", lambda path, files: os.unlink(files[len(files) // 2]))
    with_damage(ground, ledger, "a message is shorter", "torn", lambda path, files: shorten(files[-1]))
    with_damage(ground, ledger, "one octet is another", "torn", lambda path, files: turn_over(files[0]))
    with_damage(ground, ledger, "a file has not the size in its name", "octets$",
                lambda path, files: shorten(files[0]))
    with_damage(ground, ledger, "a message stands too often", "removed copies of", lambda path, files: [
        copied(path, files, "1000.M%dP1Q1.copy" % i) for i in range(200)])
    with_damage(ground, ledger, "somebody else's message", "not for", lambda path, files: foreign(ground, path))
    with_damage(ground, ledger, "maildirsize is wrong", "maildirsize says", lambda path, files: line_more(path))
    with_damage(ground, ledger, "a temporary file", "/tmp/", lambda path, files: shutil.copy(files[0], path + "/tmp"))
    address = ground.people.large[0]
    other = copy.copy(twice)
    uid = next(iter(message_files(ground.mailbox_path(address))))[0].split(",")[0]
    other.gone = {address: {uid}}
    found = audit(ADDRESS, other, [address])
    check("damage is found: a removed message is back", any("back" in text for text in found), found[:5])


def main():
    print("# seed %d" % SEED)
    ground = Ground(People(), ADDRESSES, [("reporter", PASSWORD, REPORTER)], **OUTGOING)
    ledger = Ledger()
    departures = Departures(ground, ledger, SEED)
    ground.gateway.start()
    campaign(ground, ledger, departures)
    with case("verdict of what goes out"):
        departures.verdict()
    with case("verdict"):
        verdict(ground, ledger, departures)
    with case("descriptors"):
        descriptors(ground, ledger)
    with case("the end of what goes out"):
        departures.end()
    with case("damages"):
        damages(ground, ledger)
    log = ground.gateway.log()
    check("no role ended by itself", not re.search(r"Sanitizer|assert|SIGSEGV|SIGABRT|signal=(11|6)\b", log))


run(main)
