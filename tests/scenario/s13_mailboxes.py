#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Method directory: mailboxes made, locked and deleted by the administrator on a real Active Directory (Samba)."""
import json
import os
import re

import core
import harness
from clients import Smtp, message, subjects, token
from harness import case, check, contains, equal, lacks, run, wait_for
from site_under_test import Lab, tls


def directory_accounts(lab):
    """mailbox add with the administrator's ticket on the real domain."""
    place = core.Place(lab.address, lab.values["LAB_CA"], tls(lab.values["LAB_CA"]), lab.log, [])
    environment = dict(os.environ, KRB5_CONFIG=lab.values["LAB_KRB5_CONFIG"],
                       KRB5CCNAME="FILE:%s/admin.ccache" % lab.state)

    def postern(*words, **options):
        return lab.inside(harness.POSTERN, "-c", lab.state + "/postern.conf", *words, env=environment, **options)

    def kinit(user, password):
        done = lab.inside("kinit", user, input=password + "\n", env=environment)
        equal("kinit " + user, done.returncode, 0)

    equal("an account that is there", postern("mailbox", "add", "alice@corp.example").returncode, 0)
    missing = postern("mailbox", "add", "ida@corp.example", "--no-create-user")
    check("--no-create-user wants the account", missing.returncode == 1 and "no account" in missing.stdout,
          missing.stdout)
    no_ticket = postern("mailbox", "add", "ida@corp.example", "--stdin", input="Ida-Pw1-domain\n")
    check("without a ticket: kinit", no_ticket.returncode == 1 and "run kinit" in no_ticket.stdout, no_ticket.stdout)
    kinit("alice", "Alice-Pw1")
    no_right = postern("mailbox", "add", "ida@corp.example", "--create-user", "--stdin", input="Ida-Pw1-domain\n")
    check("without the right: the remedy", no_right.returncode == 1 and "alice@CORP.EXAMPLE" in no_right.stdout and
          "dsacls" in no_right.stdout and "kinit Administrator@CORP.EXAMPLE" in no_right.stdout, no_right.stdout)
    kinit("Administrator", lab.values["LAB_ADMIN_PASSWORD"])
    lab.samba_tool("domain", "passwordsettings", "set", "--min-pwd-length=14")
    weak = postern("mailbox", "add", "ida@corp.example", "--create-user", "--stdin", input="Ida-Pw1-dom\n")
    lab.samba_tool("domain", "passwordsettings", "set", "--min-pwd-length=7")
    check("a password against the domain's policy", weak.returncode == 1 and "password policy" in weak.stdout,
          weak.stdout)
    done = postern("mailbox", "add", "ida@corp.example", "--create-user", "--stdin", "--quota", "20M",
                   input="Ida-Pw1-domain\n")
    equal("mailbox add --create-user", (done.returncode, done.stdout), (0, "ida@corp.example: ready\n"))
    word = token()

    def arrived():
        with Smtp(lab.address) as smtp:
            return smtp.transact("x@elsewhere.example", "ida@corp.example", message(word)).code == 250
    check("mail to the new user", wait_for(arrived))
    for user in ("ida", "ida@corp.example"):
        equal("the new user reads it as " + user, subjects(place.inbox(user, "Ida-Pw1-domain", delete=False)), [word])
    taken = postern("mailbox", "add", "ida@sales.example", "--create-user", "--stdin", input="Ida-Pw1-domain\n")
    check("the account name is taken in another domain", taken.returncode == 1 and "--user NAME" in taken.stdout,
          taken.stdout)
    other = postern("mailbox", "add", "ida@sales.example", "--create-user", "--user", "ida.sales", "--stdin",
                    input="Ida-Sales-Pw1\n")
    equal("with a name of its own the same user name in two domains", other.returncode, 0)
    equal("who reads another mailbox", place.inbox("ida@sales.example", "Ida-Sales-Pw1"), [])
    twice = postern("mailbox", "add", "ida@corp.example", "--create-user", "--stdin", input="Ida-Pw1-domain\n")
    check("--create-user wants a free address", twice.returncode == 1 and "already" in twice.stdout, twice.stdout)
    equal("mailbox lock", postern("mailbox", "lock", "ida@corp.example").returncode, 0)
    with place.pop("ida", "Ida-Pw1-domain") as pop:
        check("a locked mailbox lets nobody in under any name", pop.answer.startswith("-ERR [AUTH]"), pop.answer)
    equal("but takes mail", Smtp(lab.address).transact("x@e.example", "ida@corp.example", message(token())).code, 250)
    equal("mailbox unlock", postern("mailbox", "unlock", "ida@corp.example").returncode, 0)
    equal("and all is there", len(place.inbox("ida", "Ida-Pw1-domain", delete=False)), 2)
    listed = json.loads(postern("mailbox", "list", "corp.example", "--json").stdout)
    check("mailbox list has it", [row for row in listed if row["address"] == "ida@corp.example" and
                                  row["messages"] == 2], listed)
    odd = os.fsencode(re.search(r'root = "(.*)"', open(lab.state + "/postern.conf").read()).group(1))
    odd += b"/corp.example/odd\xff\x1b[31m"
    os.mkdir(odd)
    listed = json.loads(postern("mailbox", "list", "corp.example", "--json").stdout)
    check("a folder's odd name is JSON all the same", [row for row in listed if row["address"].startswith("odd\xff")], listed)
    lacks("nor do its control characters reach a terminal", postern("mailbox", "list", "corp.example").stdout, "\x1b")
    os.rmdir(odd)
    contains("passwd is the directory's", postern("passwd", "ida@corp.example", "--stdin", input="x\n").stdout,
             "passwords are the directory's")
    equal("mailbox delete", postern("mailbox", "delete", "ida@corp.example", "--yes").returncode, 0)
    equal("takes the mail", place.inbox("ida", "Ida-Pw1-domain"), [])


def main():
    lab = Lab()
    with case("directory_accounts"):
        directory_accounts(lab)


run(main)
