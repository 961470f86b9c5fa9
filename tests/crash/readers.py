# SPDX-License-Identifier: ISC
"""POP3 clients that look at every octet, and some that delete what they read."""
import random
import threading
import time

from ground import PASSWORD
from harness import PATIENCE
from letters import examine
from senders import Closed, Talk


# A delivery that failed after its link was made took the link away again.
TAKEN_BACK = "-ERR The message was removed by another program"


class Refused(Exception):
    """-ERR [SYS/TEMP] or [IN-USE]."""


class Session:
    def __init__(self, address, ledger, mailbox):
        self.ledger, self.mailbox = ledger, mailbox
        self.talk = Talk(address, 110)
        try:
            self.good(self.talk.line())
            self.ask("USER " + mailbox)
            self.ask("PASS " + PASSWORD)
        except (Closed, Refused):
            self.talk.close()
            raise

    def good(self, line):
        if line.startswith("+OK"):
            return line
        if line == TAKEN_BACK:
            self.ledger.count("taken back")  # an acknowledged one would be missed by the audit
        elif not line.startswith(("-ERR [SYS/TEMP]", "-ERR [IN-USE]")):
            self.ledger.complain("POP3 %s: %s" % (self.mailbox, line))
        raise Refused(line)

    def ask(self, line):
        self.talk.send(line.encode() + b"\r\n")
        return self.good(self.talk.line())

    def lines(self, line):
        self.ask(line)
        lines = []
        while (text := self.talk.line()) != ".":
            lines.append(text)
        return lines

    def listing(self):
        """[(number, uid, octets)]"""
        uids = dict(line.split() for line in self.lines("UIDL"))
        sizes = dict(line.split() for line in self.lines("LIST"))
        if uids.keys() != sizes.keys() or len(set(uids.values())) != len(uids):
            self.ledger.complain("%s: LIST and UIDL differ, or a uid is there twice" % self.mailbox)
        return [(number, uid, int(sizes[number])) for number, uid in uids.items()]

    def retrieve(self, number, uid, octets):
        self.ask("RETR " + number)
        text = bytearray()
        while True:
            try:
                line = self.talk.file.readline()
            except OSError as error:
                raise Closed(str(error)) from None
            if not line.endswith(b"\n"):
                raise Closed("end")
            if line == b".\r\n":
                break
            text += line[1:] if line.startswith(b".") else line
        token, wrong = examine(bytes(text), self.mailbox)
        if wrong:
            self.ledger.complain("POP3 %s %s: %s" % (self.mailbox, uid, wrong))
        elif len(text) != octets:
            self.ledger.complain("POP3 %s %s: LIST says %d, RETR %d" % (self.mailbox, uid, octets, len(text)))
        else:
            self.ledger.read(self.mailbox, uid, token)
            self.ledger.count("retrieved")
        return token

    def new(self, listing, most=1 << 30):
        """Retrieves what was never read before."""
        known = self.ledger.known(self.mailbox)
        for number, uid, octets in [one for one in listing if one[1] not in known][:most]:
            self.retrieve(number, uid, octets)

    def quit(self):
        self.ask("QUIT")
        self.talk.close()


class Client(threading.Thread):
    """Visits the mailboxes again and again."""

    def __init__(self, address, ledger, mailboxes, number, running, seed=0):
        super().__init__(daemon=True)
        self.address, self.ledger, self.mailboxes, self.running = address, ledger, mailboxes, running
        self.random = random.Random("%s %s %d" % (seed, type(self).__name__, number))

    def run(self):
        while self.running.is_set():
            try:
                session = Session(self.address, self.ledger, self.random.choice(self.mailboxes))
                try:
                    self.visit(session)
                    self.ledger.count(type(self).__name__)
                finally:
                    session.talk.close()
            except (Closed, Refused):
                self.ledger.count("POP3 interrupted")
            time.sleep(self.random.random() * 0.2)


class Reader(Client):
    def visit(self, session):
        listing = session.listing()
        session.new(listing, 40)
        for number, uid, octets in self.random.sample(listing, min(10, len(listing))):
            session.retrieve(number, uid, octets)
        session.quit()


class Deleter(Client):
    def visit(self, session):
        ledger, mailbox = self.ledger, session.mailbox
        listing = session.listing()
        back = [uid for _, uid, _ in listing if uid in ledger.gone.get(mailbox, ())]
        if back:
            ledger.complain("%s: removed with +OK and back: %s" % (mailbox, back))
        session.new(listing)
        marked = self.random.sample(listing, self.random.randint(0, len(listing)))
        for number, _, _ in marked:
            session.ask("DELE " + number)
        if self.random.random() < 0.1:
            return  # gone without QUIT: nothing may be removed for it
        uids = {uid for _, uid, _ in marked}
        with ledger.lock:
            ledger.perhaps_gone.setdefault(mailbox, set()).update(uids)
        session.quit()
        with ledger.lock:
            ledger.gone.setdefault(mailbox, set()).update(uids)
        ledger.count("removed", len(uids))


def audit(address, ledger, mailboxes, seconds=PATIENCE):
    """Every mailbox whole, by POP3, against what was promised before it was opened. What is wrong."""
    wrong = []
    for mailbox in mailboxes:
        end, why = time.monotonic() + seconds, None
        while True:
            try:
                promised = ledger.promised()
                session = Session(address, ledger, mailbox)
                listing = session.listing()
                session.new(listing)
                session.quit()
                wrong += ledger.judge(mailbox, [uid for _, uid, _ in listing], promised)
                break
            except (Closed, Refused) as error:
                why = error
                if time.monotonic() > end:
                    wrong.append("%s: cannot be read for %d s: %s" % (mailbox, seconds, why))
                    break
                time.sleep(0.05)
    return wrong
