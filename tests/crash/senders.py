# SPDX-License-Identifier: ISC
"""Clients that deliver without pause and write down exactly what they were told."""
import random
import socket
import threading
import time
import uuid

import ground  # noqa: F401  finds the scenarios' modules
from harness import PATIENCE
from letters import letter, stuffed

WAIT = PATIENCE


class Closed(Exception):
    pass


class Talk:
    """A connection whose every failure is Closed."""

    def __init__(self, address, port, source=None):
        try:
            self.socket = socket.create_connection((address, port), WAIT, (source, 0) if source else None)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raise Closed(str(error)) from None
        self.file = self.socket.makefile("rb")

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Closed(str(error)) from None

    def line(self):
        try:
            line = self.file.readline()
        except OSError as error:
            raise Closed("%s: %s" % (type(error).__name__, error)) from None
        if not line.endswith(b"\n"):
            raise Closed("end")
        return line.rstrip(b"\r\n").decode(errors="replace")

    def reply(self):
        """SMTP: the last line."""
        line = self.line()
        while line[3:4] == "-":
            line = self.line()
        return line

    def ask(self, line):
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def close(self):
        try:
            self.file.close()
            self.socket.close()
        except OSError:
            pass


class Temporary(Exception):
    """4xx, or the connection is gone: try again."""


class Sender(threading.Thread):
    """Repeats a message until it is accepted, or refused because a mailbox is full."""

    def __init__(self, address, ledger, people, number, fresh, seed=0, certain=False, hurry=None, pause=0.1):
        super().__init__(daemon=True)
        self.address, self.ledger, self.people, self.number = address, ledger, people, number
        self.fresh = fresh      # an Event: while it is set new letters are begun
        self.pause = pause      # so that there is time to read it all again
        self.hurry = hurry or threading.Event()  # while it is set there are no pauses
        self.certain = certain  # nothing is killed: a 4xx must leave nothing behind
        self.give_up = threading.Event()
        self.random = random.Random("%s sender %d" % (seed, number))
        self.talk = None
        self.left = 0           # messages in this session

    def run(self):
        while self.fresh.is_set() and not self.give_up.is_set():
            count = self.random.choice((1, 1, 1, 1, 2, 3, 6))
            recipients = self.random.sample(self.people.all, min(count, len(self.people.all)))
            self.deliver(self.letter(recipients))
            self.hurry.wait(self.random.random() * self.pause)
        self.drop()

    def letter(self, recipients):
        """A third of them also, or only, for people of other domains; who asks for reports in all ways."""
        if not self.people.others or self.random.random() < 0.67:
            return self.ledger.new(uuid.uuid4().hex, recipients)
        if self.random.random() < 0.6:
            recipients = []
        others = self.random.sample(self.people.others, self.random.choice((1, 1, 1, 2, 5)))
        one = self.ledger.new(uuid.uuid4().hex, recipients + others)
        one.sender = self.random.choice((self.people.reporter, self.people.reporter, self.people.reporter, ""))
        one.notify = {address: self.random.choice(("", "", "NEVER", "SUCCESS,FAILURE", "FAILURE,DELAY"))
                      for address in others}
        return one

    def deliver(self, one):
        while not self.give_up.is_set():
            try:
                if self.attempt(one):
                    return
            except Temporary:
                self.ledger.count("repeats")
                time.sleep(self.random.random() * 0.1)
            except Closed:
                self.drop()
                self.ledger.count("closed")
                time.sleep(self.random.random() * 0.1)

    def drop(self):
        if self.talk:
            self.talk.close()
        self.talk = None

    def session(self):
        if self.talk and self.left > 0:
            self.left -= 1
            return
        if self.talk:
            self.talk.send(b"QUIT\r\n")
            self.drop()
        self.talk = Talk(self.address, 25)
        self.left = self.random.choice((0, 0, 3, 20))
        self.expect(self.talk.reply())
        self.expect(self.talk.ask("EHLO force.example"))

    def expect(self, answer, good="2"):
        if answer.startswith(good):
            return
        if answer.startswith("421"):
            self.drop()
        if answer.startswith("4"):
            if self.talk:
                self.talk.send(b"RSET\r\n")
                self.talk.reply()
            raise Temporary(answer)
        self.ledger.complain("SMTP: %s" % answer)
        raise Closed(answer)

    def recipients(self, one):
        taken = []
        for mailbox in one.recipients:
            notify = one.notify.get(mailbox)
            answer = self.talk.ask("RCPT TO:<%s>%s" % (mailbox, " NOTIFY=" + notify if notify else ""))
            if answer.startswith("552") and self.people.quota(mailbox):
                self.ledger.count("full at RCPT")
                one.history.append(answer)
                continue
            self.expect(answer)
            taken.append(mailbox)
        return taken

    def attempt(self, one):
        """True when there is no more to be done for this letter."""
        self.session()
        self.expect(self.talk.ask("MAIL FROM:<%s>" % one.sender))
        taken = self.recipients(one)
        if not taken:
            self.expect(self.talk.ask("RSET"))
            return True
        self.expect(self.talk.ask("DATA"), "3")
        self.talk.send(stuffed(letter(one.token, one.recipients)))
        one.flying = set(taken)
        try:
            return self.last_dot(one, taken)
        finally:
            one.flying = set()

    def last_dot(self, one, taken):
        try:
            answer = self.talk.ask(".")
        except Closed:
            self.ledger.unclear(one, taken)
            raise
        one.history.append(answer)
        if answer.startswith("250"):
            self.ledger.accepted(one, taken)
            return True
        if answer.startswith("552") and any(map(self.people.quota, taken)):
            self.ledger.count("full at the end")
            return True
        if not self.certain:
            self.ledger.unclear(one, taken)
        self.ledger.count("answered " + answer[:9])
        if answer.startswith("421"):
            self.drop()
        if answer.startswith("4"):
            raise Temporary(answer)
        self.ledger.complain("SMTP: %s" % answer)
        return True


def senders(count, *arguments, **options):
    made = [Sender(*arguments[:3], number, *arguments[3:], **options) for number in range(count)]
    for one in made:
        one.start()
    return made


def finish(made, seconds=2 * PATIENCE):
    """After fresh was cleared: every begun letter is brought to its end. True when all were."""
    end = time.monotonic() + seconds
    for one in made:
        one.join(max(0, end - time.monotonic()))
    late = [one for one in made if one.is_alive()]
    for one in late:
        one.give_up.set()
    for one in late:
        one.join(WAIT + 5)
    return not late
