#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What it costs to expand a tree of groups with 20,000 members, on slapd and on Samba.

    large_group.py slapd|samba [MEMBERS]

Groups of a thousand in groups of ten, three levels; the last group names the first one again. Prints for
each run what routing_probe says: members, milliseconds, resident memory. The first run has an empty cache, the
others are processes of their own, so all have."""
import os
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../scenario"))

import harness  # noqa: E402
from harness import BUILD, TOP, command, equal, must, run  # noqa: E402
from site_under_test import Gateway, LDAP_ADDRESS, Lab, Namespace, Slapd, certificates, population  # noqa: E402

LEAF, BRANCH = 1000, 10
RUNS = 3


def tree(members):
    """name -> names of its members: "top" has the branches, these the leaves, these the persons."""
    leaves = -(-members // LEAF)
    groups = {"leaf%d" % leaf: ["m%d" % number for number in range(leaf * LEAF, min(members, (leaf + 1) * LEAF))]
              for leaf in range(leaves)}
    for branch in range(-(-leaves // BRANCH)):
        groups["branch%d" % branch] = ["leaf%d" % leaf for leaf in range(branch * BRANCH, min(leaves, (branch + 1) * BRANCH))]
    groups["top"] = [name for name in groups if name.startswith("branch")]
    groups["leaf%d" % (leaves - 1)].append("top")
    return groups


def measure(probe, members):
    for number in range(RUNS):
        text = probe("cost", "top@corp.example", "u0@corp.example")
        print("# %s" % text.strip())
        equal("run %d reaches all" % (number + 1), "members=%d " % members in text and text.startswith("ok"), True)


def binary():
    path = BUILD + "/tests/scenario/routing_probe"
    must("make", "-s", "-C", TOP, "TOP=" + BUILD, path, timeout=1200)
    return path


def on_slapd(members):
    Namespace()
    state = harness.state_directory()
    certificates(state, ("slapd", "IP:" + LDAP_ADDRESS))
    suffix = Slapd.SUFFIX
    entries = [population([("u0", "pw", "u0@corp.example")] +
                          [("m%d" % number, "pw", "m%d@corp.example" % number) for number in range(members)])]
    for name, inside in tree(members).items():
        entries.append("dn: cn=%s,%s\nobjectClass: groupOfNames\nobjectClass: extensibleObject\ncn: %s\n"
                       "mail: %s@corp.example\nentryUUID: %s\n%s" % (
                           name, suffix, name, name, uuid.uuid4(), "".join(
                               "member: %s\n" % ("uid=%s,ou=people,%s" if one[0] == "m" else "cn=%s,%s") % (one, suffix)
                               for one in inside)))
    Slapd(state + "/slapd", "\n".join(entries), with_tls=(state + "/slapd.pem", state + "/slapd.key", state + "/ca.pem"))
    gateway = Gateway(state, ["ldap://" + LDAP_ADDRESS])
    configuration, program = gateway.write(), binary()
    measure(lambda *words: command(program, configuration, *words).stdout, members)


def on_samba(members):
    lab, base = Lab(), "DC=corp,DC=example"
    database = lab.state + "/samba/private/sam.ldb"
    program = binary()
    entries = ["dn: CN=%s,CN=Users,%s\nobjectClass: contact\nmail: %s@partner.example\n" % (name, base, name)
               for name in ("m%d" % number for number in range(members))]
    groups = tree(members)
    for name in groups:
        entries.append("dn: CN=%s,CN=Users,%s\nobjectClass: group\nsAMAccountName: %s\ngroupType: 8\nmail: %s@corp.example\n"
                       % (name, base, name, name))
    links = ["dn: CN=%s,CN=Users,%s\nchangetype: modify\nadd: member\n%s" % (
        name, base, "".join("member: CN=%s,CN=Users,%s\n" % (one, base) for one in inside)) for name, inside in groups.items()]
    for tool, parts in (("ldbadd", entries), ("ldbmodify", links)):
        started = time.monotonic()
        for first in range(0, len(parts), LEAF):  # a transaction each: they get slower the longer they are
            with open(lab.state + "/large.ldif", "w") as file:
                file.write("\n".join(parts[first:first + LEAF]))
            must(tool, "-H", database, lab.state + "/large.ldif", timeout=3600)
        print("# %s: %d s" % (tool, time.monotonic() - started), flush=True)
    measure(lambda *words: lab.inside(program, lab.state + "/postern.conf", *(
        word.replace("u0@", "alice@") for word in words)).stdout, members)


def main():
    where, members = sys.argv[1], int((sys.argv[2:] or ["20000"])[0])
    {"slapd": on_slapd, "samba": on_samba}[where](members)


run(main)
