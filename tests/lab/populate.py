#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The lab's population, written straight into a freshly provisioned controller.

populate.py accounts SMB.CONF     before Samba runs
populate.py numbered SMB.CONF COUNT    u0, u1, ... with the passwords pw0, pw1, ..., at any time
populate.py names SMB.CONF PASSWORD HOST-ADDRESS SINK-ADDRESS   DNS, while it runs
"""
import sys
import time

import ldb
from samba.auth import system_session
from samba.netcmd.main import cmd_sambatool
from samba.param import LoadParm
from samba.samdb import SamDB

DOMAIN = "corp.example"
DISABLED = 514  # ADS_UF_ACCOUNTDISABLE | ADS_UF_NORMAL_ACCOUNT
EXPIRED = int((time.time() - 86400 + 11644473600) * 10**7)  # yesterday, as FILETIME

# name, password, then attributes beside the usual ones
PERSONS = [
    ("alice", "Alice-Pw1", {"proxyAddresses": ["SMTP:alice@corp.example", "smtp:a.smith@corp.example"]}),
    ("bob", "Bob-Pw1", {}),
    ("bob.sales", "Bob-Sales-Pw1", {"mail": "bob@sales.example"}),
    ("carol", "Carol-Pw1", {"userAccountControl": str(DISABLED)}),
    ("dave", "Dave-Pw1", {"pwdLastSet": "0"}),
    ("erin", "Erin-Pw1", {"maxStorage": "262144"}),
    ("frank", "Frank-Pw1", {"accountExpires": str(EXPIRED)}),
]
GROUPS = [
    ("engineering", ["alice", "bob"]),
    ("staff", ["engineering", "erin"]),
]


def database(smb_conf):
    lp = LoadParm()
    lp.load(smb_conf)
    return SamDB(url=lp.samdb_url(), session_info=system_session(), lp=lp)


def modify(db, dn, attributes):
    message = ldb.Message(dn)
    for key, value in attributes.items():
        message[key] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, key)
    db.modify(message)


def accounts(smb_conf):
    db = database(smb_conf)
    # The passwords of the population are short and its tests change them at will.
    policy = ("pwdProperties", "minPwdLength", "minPwdAge", "maxPwdAge", "pwdHistoryLength")
    modify(db, ldb.Dn(db, db.domain_dn()), {key: "0" for key in policy})
    for name, password, attributes in PERSONS:
        db.newuser(name, password, mailaddress=attributes.get("mail", "%s@%s" % (name, DOMAIN)))
        others = {key: value for key, value in attributes.items() if key != "mail"}
        if others:
            found = db.search(expression="(sAMAccountName=%s)" % name, attrs=["mail"])
            modify(db, found[0].dn, others)
    for name, members in GROUPS:
        db.newgroup(name, mailaddress="%s@%s" % (name, DOMAIN))
        db.add_remove_group_members(name, members, add_members_operation=True)


def numbered(smb_conf, count):
    db = database(smb_conf)
    for number in range(int(count)):
        name = "u%d" % number
        db.newuser(name, "pw%d" % number, mailaddress="%s@%s" % (name, DOMAIN))


def tool(*arguments):
    """samba-tool in this process: its imports alone take most of a second."""
    if cmd_sambatool()._run("samba-tool", *arguments):
        sys.exit("failed: samba-tool " + " ".join(arguments[:3]))


def names(smb_conf, password, host, sink):
    login = ["-U", "Administrator%" + password, "--configfile", smb_conf, "--use-kerberos=off"]

    def dns(*arguments):
        tool("dns", arguments[0], "dc1." + DOMAIN, *arguments[1:], *login)

    dns("add", DOMAIN, "mail", "A", host)
    dns("add", DOMAIN, "@", "MX", "mail.%s 10" % DOMAIN)
    for zone in ("sales.example", "corp-alias.example"):
        dns("zonecreate", zone)
        dns("add", zone, "@", "MX", "mail.%s 10" % DOMAIN)
    dns("zonecreate", "partner.example")
    dns("add", "partner.example", "mx", "A", sink)
    dns("add", "partner.example", "@", "MX", "mx.partner.example 10")


if __name__ == "__main__":
    {"accounts": accounts, "numbered": numbered, "names": names}[sys.argv[1]](*sys.argv[2:])
