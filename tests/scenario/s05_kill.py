#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""kill -9 of each role, and of all, in the middle of 1,000 concurrent deliveries.

Every message is sent until it is acknowledged. It must then be there: exactly once, or once
more for each time its acknowledgement was lost. What POP3 shows meanwhile is whole.
"""
import collections
import hashlib
import os
import random
import re
import signal
import threading
import time

from clients import Pop3, Smtp, mailbox, token
from harness import case, check, equal, run, state_directory, wait_for
from site_under_test import ADDRESS, Gateway, Namespace, Slapd, certificates, population, tls

DELIVERIES = 1000
USERS = 20
PATIENCE = 900  # for a thousand at once


def body_of(word):
    return "".join("%s %d %s\n" % (word, line, "x" * (7 * line % 60)) for line in range(40))


def text_of(word):
    body = body_of(word)
    digest = hashlib.sha256(body.encode()).hexdigest()
    return "Subject: %s\nX-Digest: %s\n\n%s" % (word, digest, body)


def whole(text):
    """The message's word, or None when it is torn."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    subject = re.search(r"(?m)^Subject: (\S+)", head)
    digest = re.search(r"(?m)^X-Digest: (\S+)", head)
    if not subject or not digest or not head.startswith("Return-Path: "):
        return None
    good = hashlib.sha256((body.rstrip("\n") + "\n").encode()).hexdigest() == digest.group(1)
    return subject.group(1) if good else None


class Delivery(threading.Thread):
    def __init__(self, storm, number):
        super().__init__(daemon=True)
        self.storm, self.user = storm, number % USERS
        self.begins_late = number % 2  # so that every command is on its way when the blow falls
        self.word = token()
        self.text = text_of(self.word)
        self.lost = 0  # acknowledgements that may have been lost
        self.acknowledged = False
        self.at_barrier = False

    def run(self):
        end = time.monotonic() + PATIENCE
        if self.begins_late:
            self.wait_for_others()
        while not self.acknowledged and time.monotonic() < end:
            try:
                self.attempt()
            except OSError:
                pass
            if not self.acknowledged:
                self.wait_for_others()
                time.sleep(random.uniform(0.1, 0.5))

    def wait_for_others(self):
        """Once: the early ones have sent the whole message but its end."""
        if not self.at_barrier:
            self.at_barrier = True
            self.storm.barrier.wait(PATIENCE)

    def attempt(self):
        with Smtp(ADDRESS) as smtp:
            if smtp.greeting.code != 220:
                return self.note(smtp.greeting)
            answer = smtp.envelope("x@elsewhere.example", "u%d@corp.example" % self.user)
            if answer.code == 250:
                answer = smtp.ask("DATA")
            if answer.code != 354:
                return self.note(answer)
            smtp.send(self.text.replace("\n", "\r\n"))
            self.wait_for_others()
            smtp.send(".\r\n")
            try:
                answer = smtp.reply()
            except OSError:  # no word in all that time
                self.lost += 1
                raise
            # Behind the end of data a temporary failure may hide a delivery: the store died before it said so.
            self.lost += answer == "" or answer.code == 451
            self.note(answer)
            if answer.code == 250:
                self.acknowledged = True
                self.storm.count()

    def note(self, answer):
        self.storm.replies[answer[:9]] += 1


class Storm:
    def __init__(self):
        self.barrier = threading.Barrier(DELIVERIES)
        self.replies = collections.Counter()
        self.acknowledged = 0
        self.lock = threading.Lock()
        self.deliveries = [Delivery(self, number) for number in range(DELIVERIES)]
        for delivery in self.deliveries:
            delivery.start()

    def count(self):
        with self.lock:
            self.acknowledged += 1

    def reached(self, count):
        return wait_for(lambda: self.acknowledged >= count, PATIENCE, 0.005)

    def end(self):
        for delivery in self.deliveries:
            delivery.join(PATIENCE + 10)


class Reader(threading.Thread):
    """Somebody who reads while it storms: never sees half a message, never loses one he saw."""

    def __init__(self, context, user):
        super().__init__(daemon=True)
        self.context, self.user = context, user
        self.stopping = threading.Event()
        self.torn, self.seen, self.vanished, self.sessions = [], set(), [], 0
        self.start()

    def run(self):
        while not self.stopping.is_set():
            try:
                self.session()
            except (OSError, RuntimeError):
                time.sleep(0.1)

    def session(self):
        with Pop3(ADDRESS, 995, self.context) as pop:
            if not pop.login("u%d" % self.user, "pw%d" % self.user).startswith("+OK"):
                time.sleep(0.1)
                return
            names = [line.split() for line in pop.many("UIDL")]
            self.vanished += sorted(self.seen - {name for _, name in names})
            for number, name in names:
                if name not in self.seen:
                    text = "\n".join(pop.many("RETR " + number))
                    if whole(text) is None:
                        self.torn.append(text[-200:])
                    self.seen.add(name)
            pop.ask("QUIT")
            self.sessions += 1


def kill_role(gateway, role):
    for pid in gateway.roles()[role]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # on its way out already


def kill_all(gateway, role):
    """As when the power fails, but for the disk's cache."""
    everybody = [pid for pids in gateway.roles().values() for pid in pids]
    gateway.process.signal(signal.SIGSTOP)  # so that it restarts nobody
    for pid in everybody:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    gateway.process.kill()
    gateway.start()


def found_messages(context, name):
    """word -> how often it is there, read by POP3; the mailboxes are empty afterwards."""
    found, torn = collections.Counter(), 0
    for user in range(USERS):
        for text in mailbox(ADDRESS, context, "u%d" % user, "pw%d" % user, delete=True):
            word = whole(text)
            torn += word is None
            found[word] += 1
    equal(name + ": no torn message", torn, 0)
    return found


def leftovers(state):
    """Files in tmp/ and spool folders, and messages whose length is not that in their name."""
    left = []
    for folder, _, names in os.walk(state + "/mail"):
        for file in names:
            path = os.path.join(folder, file)
            size = re.search(r",S=(\d+)", file)
            try:
                if os.path.basename(folder) == "tmp" or "/.spool" in folder and file not in ("state", "run") or \
                        (size and os.path.getsize(path) != int(size.group(1))):
                    left.append(os.path.relpath(path, state))
            except FileNotFoundError:
                pass  # just taken away
    return left


def storm(name, gateway, context, kill, role, moments):
    context_reader = Reader(context, 0)
    crowd = Storm()
    for moment in moments:
        check("%s: %d were delivered before the blow" % (name, moment), crowd.reached(moment), crowd.acknowledged)
        kill(gateway, role)
    crowd.end()
    context_reader.stopping.set()
    context_reader.join(PATIENCE)
    equal(name + ": all %d were acknowledged in the end" % DELIVERIES, crowd.acknowledged, DELIVERIES)
    permanent = {code: count for code, count in crowd.replies.items() if code.startswith("5")}
    equal(name + ": nobody was told more than a temporary failure", permanent, {})
    found = found_messages(context, name)
    missing = [d.word for d in crowd.deliveries if found[d.word] < 1]
    equal(name + ": every acknowledged message is there", missing, [])
    often = [(found[d.word], d.lost) for d in crowd.deliveries if found[d.word] > 1 + d.lost]
    equal(name + ": none is there more often than acknowledgements were lost", often, [])
    strange = [word for word in found if word not in {d.word for d in crowd.deliveries}]
    equal(name + ": nothing else is there", strange, [])
    equal(name + ": a reader never saw half a message", context_reader.torn, [])
    equal(name + ": nor did one vanish under his eyes", context_reader.vanished, [])
    check(name + ": he came in at least once", context_reader.sessions > 0, context_reader.sessions)
    wait_for(lambda: not leftovers(gateway.state))
    equal(name + ": nothing is left in temporary places", leftovers(gateway.state), [])
    twice = sum(1 for d in crowd.deliveries if found[d.word] > 1)
    print("# %s: replies %s, %d acknowledgements lost, %d messages there twice" % (
        name, dict(crowd.replies), sum(d.lost for d in crowd.deliveries), twice), flush=True)


def main():
    threading.stack_size(256 * 1024)
    state = state_directory()
    Namespace()
    certificates(state, ("slapd", "IP:10.54.0.1"))
    people = [("u%d" % user, "pw%d" % user, "u%d@corp.example" % user) for user in range(USERS)]
    slapd = Slapd(state + "/slapd", population(people),
                  with_tls=(state + "/slapd.pem", state + "/slapd.key", state + "/ca.pem"))
    gateway = Gateway(state, [slapd.uri], directory_more="cache_positive = 0")
    gateway.start()
    context = tls(state)
    for role, kill, moments in (("frontend", kill_role, (100, 400)), ("directory", kill_role, (100, 400)),
                                ("store", kill_role, (100, 400)), ("all", kill_all, (100, 400))):
        with case(role + " killed"):
            storm(role + " killed", gateway, context, kill, role, moments)
    check("nothing but our blows killed a role",
          not re.search(r"role\.died .*(by=exit|code=(6|11|31))", gateway.log()),
          re.findall(r"role\.died.*", gateway.log()))


run(main)
