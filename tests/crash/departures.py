# SPDX-License-Identifier: ISC
"""The campaign's mail that goes out: who gets it, what is dropped for pickup, and what is judged of it."""
import os
import pwd
import random
import shutil
import threading
import time
import uuid

import ground  # noqa: F401  finds the scenarios' modules
from harness import PATIENCE, check, wait_for
from letters import letter, token_of
from outside import DNS, Kills, Outside, names
from waiting import REPORTER, Waiting, contents, judge

OUTGOING = dict(
    smtp_more='relay = { "10.54.0.0/16" } outbound { retry = { "1s" } delay_notice = 0 idle_timeout = 60s'
              ' badmail = "STATE/disk/badmail" pickup = "STATE/disk/pickup" }',
    more='dns_servers = { "%s" }\ndomain "small.example" { directory = "corp" quota = %d'
         ' postmaster = "d0@small.example" }' % (DNS, 2 << 20))


class Dropper(threading.Thread):
    """Drops messages into the pickup folder; the rename is the promise."""

    def __init__(self, departures, seed):
        super().__init__(daemon=True)
        self.departures, self.random = departures, random.Random("%s dropper" % seed)

    def run(self):
        while True:
            if self.departures.dropping.wait(PATIENCE):
                self.drop()
            time.sleep(self.random.random() * 0.4)

    def drop(self):
        ledger, folder = self.departures.ledger, self.departures.folder + "/pickup/"
        one = ledger.new(uuid.uuid4().hex, self.random.sample(self.departures.outside.names, 2))
        one.sender, one.picked = REPORTER, True
        head = "x-sender: %s\r\n%sFrom: %s\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <%s@force.example>\r\n" % (
            REPORTER, "".join("x-receiver: %s\r\n" % name for name in one.recipients), REPORTER, one.token)
        hidden = folder + "." + one.token
        try:
            with open(hidden, "wb") as file:
                file.write(head.encode() + letter(one.token, one.recipients))
            os.chmod(hidden, 0o644)
            one.begun = time.monotonic()
            os.rename(hidden, folder + one.token + ".eml")
            ledger.accepted(one, one.recipients)
        except OSError:  # the disk is full: no promise was made
            if os.path.exists(hidden):
                os.unlink(hidden)


class Departures:
    def __init__(self, ground, ledger, seed):
        self.gateway, self.state, self.ledger, self.kills = ground.gateway, ground.state, ledger, Kills()
        self.folder = ground.state + "/disk"  # of the queue's file system
        self.outside, self.cache, self.dropping = Outside(ground.state, seed), {}, threading.Event()
        ground.people.others = self.outside.names = names()
        ground.people.reporter = REPORTER
        owner = pwd.getpwnam("postern-store")
        for name in ("pickup", "badmail"):
            os.makedirs(os.path.join(self.folder, name))
            os.chown(os.path.join(self.folder, name), owner.pw_uid, owner.pw_gid)
        self.dropping.set()
        Dropper(self, seed).start()

    def waiting(self):
        return Waiting(self.gateway, self.folder, self.cache)

    def judge(self, **how):
        """Nothing of the gateway runs, or nothing is to be done."""
        promised = self.ledger.promised()  # first: what is dropped now is no concern yet
        return judge(self.waiting(), promised, self.ledger, self.outside, self.kills, **how)

    def settled(self):
        """Only mail for the dead one is left."""
        waiting = self.waiting()
        return not waiting.picked and waiting.waits and \
            all(address.endswith("@dead.example") for _, address in waiting.waits)

    def drained(self):
        waiting = self.waiting()
        return not waiting.files and not waiting.picked

    def stop(self):
        self.kills.around(lambda: self.gateway.kill_all(random.shuffle))

    def verdict(self):
        """Those who were unwell recover; the dead one does not, and its mail is damaged on purpose."""
        self.dropping.clear()
        self.outside.well = True
        check("only what is for a dead server waits for long", wait_for(self.settled, 2 * PATIENCE, 1),
              sorted(self.waiting().waits)[:5])
        self.stop()
        wrong = self.judge()
        check("what goes out has arrived, waits, or was told of", not wrong, wrong[:5])
        damages(self)
        self.gateway.start()

    def end(self):
        """All recover, and the queue gets empty."""
        self.outside.revive()
        check("when all are well nothing waits", wait_for(self.drained, 2 * PATIENCE, 1),
              list(self.waiting().files.values())[:5])
        wrong = self.judge(drained=True)
        check("all that went out has arrived or was told of, as often as it may", not wrong, wrong[:5])
        taken = self.outside.taken()
        print("# %d messages came to %d others, %d more than once; %d kills that may cost an acknowledgement" % (
            len(self.outside.deliveries), len(taken), sum(len(several) > 1 for several in taken.values()),
            len(self.kills.times)))


# --- the checks can fail ---

def with_damage(departures, name, pattern, path, damage):
    """A file is damaged, that must be found, and the file is as it was."""
    spare = departures.state + "/spare"
    status = os.stat(path)
    shutil.copy2(path, spare)
    damage(path)
    departures.cache.pop(path, None)
    found = departures.judge()
    check("damage is found: " + name, any(pattern in text for text in found), found[:5])
    shutil.copy2(spare, path)
    os.chown(path, status.st_uid, status.st_gid)
    departures.cache.pop(path, None)


def cut(path):
    """In the middle of the envelope: the message stands in front of it."""
    size = int(path.rsplit(",S=", 1)[1])
    with open(path, "r+b") as file:
        file.truncate(size + 20)


def surely_once(departures, key, delivery):
    """Nothing explains a second one."""
    one = departures.ledger.letters[key[0]]
    return not (one.picked or delivery.lost) and one.allowed(key[1]) == 1 and \
        not departures.kills.between(one, delivery.begun, delivery.begun)


def only_copy(departures, waiting):
    """The file of a promise that nothing else keeps: no second copy, and not a report, which bears the token too."""
    promised = {(one.token, address) for one, address in departures.ledger.promised()}
    tokens = {name: token_of(contents(path)) for name, path in waiting.files.items()}
    holds = {name: any(one["state"] == "waiting" and one["address"].endswith("@dead.example") and
                       (tokens[name], one["address"]) in promised for one in waiting.messages[name]["recipients"])
             for name in waiting.files}
    return next(waiting.files[name] for name, token in tokens.items() if holds[name] and
                token not in waiting.unread and sum(other == token for other in tokens.values()) == 1)


def damages(departures):
    waiting, outside = departures.waiting(), departures.outside
    path = only_copy(departures, waiting)
    with_damage(departures, "a message of the queue is gone", "lost: ", path, os.unlink)
    with_damage(departures, "a message of the queue is torn", "torn", path, cut)
    box = os.path.join(departures.gateway.mail, *reversed(REPORTER.split("@")))
    report = next(file for file, reports in departures.cache.items() if file.startswith(box) and
                  any(action == "failed" for _, _, action in reports))
    copies = [file for file, reports in departures.cache.items() if reports == departures.cache[report]]
    kept = [departures.cache[file] for file in copies]
    departures.cache.update((file, []) for file in copies)
    found = departures.judge()
    check("damage is found: a report is gone", any("nobody was told" in text for text in found), found[:5])
    departures.cache.update(zip(copies, kept))
    promised = {(one.token, address) for one, address in departures.ledger.promised()}
    once = next(several[0] for key, several in outside.taken().items() if len(several) == 1 and key in promised and
                surely_once(departures, key, several[0]))
    outside.deliveries.append(once)
    found = departures.judge()
    check("damage is found: it came twice", any("came" in text for text in found), found[:5])
    outside.deliveries.pop()
    spare, outside.deliveries = outside.deliveries, [one for one in outside.deliveries if one is not once]
    found = departures.judge()
    check("damage is found: another server never got it", any("lost: " in text for text in found), found[:5])
    outside.deliveries = spare
