# SPDX-License-Identifier: ISC
"""Mail that goes out, judged: each promise is kept by the other server, or waits, or its sender was told.

Read is what an administrator reads too: `postern queue list`, the files it speaks of, the folder of
bad mail, the mailbox of the sender. While this is done nothing may move: either nothing of the
gateway runs, or nothing is left to be done.
"""
import json
import os
import re

from letters import token_of
from outside import NOBODY

REPORTER = "reporter@corp.example"
TOLD = re.compile(rb"Final-Recipient: *rfc822; *(\S+)\r?\n(?:[^\r\n]+\r?\n)*?Action: *(\w+)", re.IGNORECASE)


def contents(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""  # something moves after all: whoever waits for rest looks


def told(text):
    """[(token, address, action)] of a report; [] of anything else."""
    if b"multipart/report" not in text:
        return []
    return [(token_of(text), address.decode(), action.decode().lower()) for address, action in TOLD.findall(text)]


class Waiting:
    """What is on disk now."""

    def __init__(self, gateway, folder, cache):
        self.gateway, self.folder, self.cache = gateway, folder, cache
        self.waits, self.told, self.bad, self.wrong = set(), {}, set(), []
        self.files = self.queue_files()
        self.messages = self.listed()
        self.read_queue()
        self.read_mailbox()
        self.read_badmail()
        self.read_pickup()

    def queue_files(self):
        """id -> path of each file with the name of a message."""
        found = {}
        for folder, _, names in os.walk(self.gateway.values["queue"]):
            if os.path.basename(folder) not in (".spool", "spread", "badmail"):
                found.update((name.split(",")[0], os.path.join(folder, name)) for name in names if ",S=" in name)
        return found

    def listed(self):
        done = self.gateway.tool("--json", "queue", "list")
        try:
            return {one["id"]: one for one in json.loads(done.stdout)}
        except ValueError:
            self.wrong.append("queue list: exit %d: %s" % (done.returncode, done.stdout[:200]))
            return {}

    def read_queue(self):
        self.wrong += ["torn or not listed: %s" % self.files[name] for name in self.files.keys() - self.messages.keys()]
        self.wrong += ["listed without a file: %s" % name for name in self.messages.keys() - self.files.keys()]
        for name in self.files.keys() & self.messages.keys():
            text, message = contents(self.files[name]), self.messages[name]
            token = token_of(text)
            self.waits.update((token, one["address"]) for one in message["recipients"] if one["state"] == "waiting")
            if REPORTER in [one["address"] for one in message["recipients"] if one["state"] == "waiting"]:
                self.tell(told(text))

    def tell(self, reports):
        for token, address, action in reports:
            self.told.setdefault((token, address), []).append(action)

    def once(self, path, read):
        """Files that do not change are read once in a run."""
        if path not in self.cache:
            self.cache[path] = read(contents(path))
        return self.cache[path]

    def read_mailbox(self):
        box = os.path.join(self.gateway.mail, *reversed(REPORTER.split("@")))
        for folder in ("new", "cur"):
            if os.path.isdir(os.path.join(box, folder)):
                for name in os.listdir(os.path.join(box, folder)):
                    self.tell(self.once(os.path.join(box, folder, name), told))

    def read_badmail(self):
        for name in os.listdir(self.folder + "/badmail"):
            if name.endswith(".BAD"):
                self.bad.add(self.once(os.path.join(self.folder, "badmail", name), token_of))

    def read_pickup(self):
        self.picked = [os.path.join(folder, name) for folder, _, names in os.walk(self.folder + "/pickup")
                       for name in names if not name.startswith(".")]
        self.unread = {token_of(contents(path)) for path in self.picked}


def kept(waiting, taken, letter, address):
    """"" or how a promise was broken."""
    key = (letter.token, address)
    if key in waiting.waits or letter.token in waiting.unread:
        return ""
    if any(not one.lost for one in taken.get(key, ())):
        return ""
    if not address.startswith(NOBODY):
        return "lost: %s for %s" % key
    if letter.notify.get(address) == "NEVER" and letter.sender:
        return ""
    if letter.sender and "failed" not in waiting.told.get(key, ()):
        return "nobody was told: %s for %s" % key
    if not letter.sender and letter.token not in waiting.bad:
        return "not among the bad mail: %s for %s" % key
    return ""


def often(letter, address, several, kills):
    """More copies than there were, each one more for a lost acknowledgement or for a kill between two."""
    first = several[0].begun
    allowed = letter.allowed(address) + (kills.since(letter.begun) if letter.picked else 0)
    for one in several[:-1]:
        allowed += one.lost
    used = set()
    for one, other in zip(several, several[1:]):
        causes = [] if one.lost else set(kills.between(letter, one.begun, other.begun)) - used
        used.update(list(causes)[:1])
    allowed += len(used)
    if len(several) <= allowed:
        return ""
    return "%s for %s came %d times, at most %d: %s, answers %s, kills %s" % (
        letter.token, address, len(several), allowed,
        ["%.3f%s" % (one.begun - first, " lost" if one.lost else "") for one in several], letter.history[-3:],
        ["%.3f" % (time[0] - first) for time in kills.times if abs(time[0] - first) < 10])


def judge(waiting, promised, ledger, outside, kills, drained=False):
    """What is wrong, as texts. drained: nothing may wait any more, and whoever asked was told of success."""
    wrong, taken = list(waiting.wrong), outside.taken()
    for letter, address in promised:
        if address in outside.names:
            found = kept(waiting, taken, letter, address)
            wrong += [found] if found else []
            if drained:
                wrong += success(waiting, letter, address)
    for (token, address), several in taken.items():
        letter = ledger.letters.get(token)
        found = often(letter, address, several, kills) if letter else "%s was never sent, %s got it" % (token, address)
        wrong += [found] if found else []
    if drained:
        wrong += ["waits: %s" % path for path in [*waiting.files.values(), *waiting.picked]]
    return wrong + outside.wrong


def success(waiting, letter, address):
    asked = letter.sender and "SUCCESS" in letter.notify.get(address, "") and not address.startswith(NOBODY)
    if asked and "relayed" not in waiting.told.get((letter.token, address), ()):
        return ["nobody was told that it was relayed: %s for %s" % (letter.token, address)]
    return []
