# SPDX-License-Identifier: ISC
"""Who was promised what. Written by the clients, judged against the mailboxes."""
import collections
import threading
import time


class Letter:
    def __init__(self, token, recipients):
        self.token, self.recipients = token, recipients
        self.sender, self.notify = "x@elsewhere.example", {}  # who is told; NOTIFY of a recipient
        self.picked, self.begun = False, time.monotonic()     # dropped into a folder for the gateway
        self.history = []        # what was answered at the end of the data, or at RCPT
        self.accepted = set()    # mailboxes of the attempt that was answered 250
        self.flying = set()      # mailboxes of an attempt whose end was sent and is not answered yet
        self.attempts = collections.Counter()  # mailbox -> attempts whose outcome nobody knows

    def allowed(self, mailbox):
        """How often it may be there at most."""
        return (mailbox in self.accepted) + self.attempts[mailbox] + (mailbox in self.flying)


class Ledger:
    def __init__(self):
        self.lock = threading.Lock()
        self.letters = {}
        self.counts = collections.Counter()
        self.wrong = []            # replies that must not be, torn or foreign messages
        self.seen = {}             # mailbox -> uid -> token, of all that was ever read
        self.gone = {}             # mailbox -> uids whose removal was acknowledged
        self.perhaps_gone = {}     # mailbox -> uids whose removal was asked for

    def new(self, token, recipients):
        with self.lock:
            made = self.letters[token] = Letter(token, recipients)
        return made

    def count(self, what, by=1):
        with self.lock:
            self.counts[what] += by

    def complain(self, what):
        with self.lock:
            self.counts["wrong"] += 1
            if len(self.wrong) < 20:
                self.wrong.append(what)

    def accepted(self, letter, mailboxes):
        with self.lock:
            letter.accepted = set(mailboxes)
            self.counts["accepted"] += 1

    def unclear(self, letter, mailboxes):
        """The end of the data may have arrived; no word came back, or only a temporary failure."""
        with self.lock:
            letter.attempts.update(mailboxes)
            self.counts["unclear"] += 1

    def read(self, mailbox, uid, token):
        with self.lock:
            known = self.seen.setdefault(mailbox, {}).setdefault(uid, token)
        if known != token:
            self.complain("%s: uid %s was %s and is %s" % (mailbox, uid, known, token))

    def known(self, mailbox):
        with self.lock:
            return dict(self.seen.get(mailbox, {}))

    def promised(self):
        """(letter, mailbox) of all acknowledged so far."""
        with self.lock:
            return [(letter, mailbox) for letter in self.letters.values() for mailbox in letter.accepted]

    def unread(self):
        """The same promises, but every message is to be read once more."""
        other = Ledger()
        other.letters, other.gone, other.perhaps_gone = self.letters, self.gone, self.perhaps_gone
        other.seen = {mailbox: {uid: token for uid, token in uids.items()
                                if uid in self.gone.get(mailbox, set()) | self.perhaps_gone.get(mailbox, set())}
                      for mailbox, uids in self.seen.items()}
        return other

    # --- judgement ---

    def judge(self, mailbox, uids, promised=None):
        """The mailbox holds these uids, each read already. What is wrong, as texts."""
        present = collections.Counter(self.seen.get(mailbox, {}).get(uid, "?unread") for uid in uids)
        gone, perhaps = self.gone.get(mailbox, set()), self.perhaps_gone.get(mailbox, set())
        removed = collections.Counter(self.seen[mailbox][uid] for uid in (gone | perhaps) - set(uids))
        taken = {self.seen[mailbox][uid] for uid in gone | perhaps if uid not in uids}
        wrong = ["%s: removed with +OK and back: %s" % (mailbox, uid) for uid in gone & set(uids)]
        for letter, box in promised if promised is not None else self.promised():
            if box == mailbox and not present[letter.token] and letter.token not in taken:
                wrong.append("%s: lost: %s" % (mailbox, letter.token))
        for token, copies in (present | removed).items():
            letter = self.letters.get(token)
            allowed = letter.allowed(mailbox) if letter else 0
            # What failed temporarily may have been there, and have been removed, before it was taken back.
            refused = sum(answer[0] == "4" for answer in letter.history) if letter else 0
            if present[token] > allowed or present[token] + removed[token] > allowed + refused:
                wrong.append("%s: %d and %d removed copies of %s, at most %d (%s)" % (
                    mailbox, present[token], removed[token], token, allowed,
                    "answers: %d, %s" % (len(letter.history), letter.history[-2:]) if letter else "never sent"))
        return wrong

    def repeated(self):
        """How often a message stands more than once in a mailbox, which a lost acknowledgement permits."""
        return sum(copies - 1 for uids in self.seen.values()
                   for copies in collections.Counter(uids.values()).values())
