# SPDX-License-Identifier: ISC
"""Steady mail for alice, and her logins, while something breaks: what was lost, and what was called wrong."""
import re
import threading

from clients import Smtp, mailbox, message, subjects, token
from harness import PATIENCE, equal


class Traffic:
    """Mail for alice, and her logins, all the time, while controllers break."""

    def __init__(self, address, context, password, *more):
        """more: what else goes on beside these, call after call."""
        self.address, self.context, self.password = address, context, password
        self.answers, self.accepted, self.logins = [], [], []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(step,), daemon=True)
                        for step in (self.mail, self.mail, self.login, *more)]
        for thread in self.threads:
            thread.start()

    def work(self, step):
        while not self.stopping.wait(0.05):
            try:
                step()
            except OSError as error:
                self.answers.append("error %s" % error)

    def mail(self):
        word = token()
        with Smtp(self.address) as smtp:
            answer = smtp.transact("x@elsewhere.example", "alice@corp.example", message(word))
            self.answers.append(answer)
            if answer.code == 250:
                self.accepted.append(word)
            smtp.ask("RSET")
            self.answers.append(smtp.envelope("x@elsewhere.example", "nobody@corp.example"))

    def login(self):
        with Smtp(self.address, 465, self.context) as smtp:
            self.logins.append(smtp.login("alice", self.password))

    def end(self, name):
        self.stopping.set()
        for thread in self.threads:
            thread.join(2 * PATIENCE)
        strange = [text for text in self.answers if not re.match(r"250|451 4\.3\.0|550 5\.1\.1 <nobody@", text)]
        equal(name + ": recipients are found, put off, or truly unknown", strange[:3], [])
        strange = [text for text in self.logins if not text.startswith(("235", "454 4.7.0"))]
        equal(name + ": nobody's password is called wrong", strange[:3], [])
        lost = sum(text.startswith("454") for text in self.logins)
        print("# %s: %d mails, %d of %d logins put off" % (name, len(self.accepted), lost, len(self.logins)))
        got = subjects(mailbox(self.address, self.context, "alice", self.password, delete=True))
        equal(name + ": all that was acknowledged is there once", sorted(got), sorted(self.accepted))
