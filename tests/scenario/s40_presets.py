#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The schema of ldap-schema/ on a real slapd and a real Samba domain, brought in by the commands of its README."""
import os
import re

import core
import harness
from clients import Smtp, message, subjects, token
from harness import TOP, case, check, command, equal, must, read, run, wait_for
from site_under_test import ADDRESS, LDAP_ADDRESS, Gateway, Lab, Slapd, certificates, population, tls

FOLDER = TOP + "/ldap-schema"
PEOPLE = [("alice", "Alice-Pw1", "alice@corp.example"), ("bob", "Bob-Pw1", "bob@corp.example"),
          ("ann", "Ann-Pw1", "ann@corp.example"), ("ben", "Ben-Pw1", "ben@corp.example"),
          ("erin", "Erin-Pw1", "erin@corp.example"), ("grace", "Grace-Pw1", "grace@corp.example"),
          ("heidi", "Heidi-Pw1", "heidi@corp.example")]
QUOTA = 65536
ELSEWHERE = "[10.54.0.3]:2525"
ERIN = """changetype: modify
%sreplace: posternQuotaReceive
posternQuotaReceive: 65536
-
replace: posternQuotaSend
posternQuotaSend: 60000
-
replace: posternQuotaWarn
posternQuotaWarn: 50000
"""
GRACE = """changetype: modify
%sreplace: posternEnabled
posternEnabled: FALSE
"""
HEIDI = """changetype: modify
%sreplace: posternMailHost
posternMailHost: """ + ELSEWHERE + "\n"
CLASS = "add: objectClass\nobjectClass: posternMailbox\n-\n"


def instruction(begin, **replaced):
    """A command of the README with what stands below it up to END, some words replaced by those of this site."""
    lines = read(FOLDER + "/README.md").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("    " + begin))
    last = first
    if lines[first].endswith("<<END"):
        last = lines.index("    END", first)
    text = "\n".join(line[4:] for line in lines[first:last + 1])
    for word, other in replaced.items():
        text = text.replace({"host": "ldap://ldap.example.com", "suffix": "dc=example,dc=com",
                             "socket": "ldapi:///", "password": "-W", "database": "/var/lib/samba/private/sam.ldb"}[word],
                            other)
    return text


def identifiers(text):
    """name -> object identifier of everything in one of the three files."""
    root = re.search(r"posternOID ([0-9.]+)", text)
    if root:
        found = re.findall(r"\( posternAttribute:(\d+) NAME '(\w+)'", text), re.findall(r"\( posternClass:(\d+) NAME '(\w+)'", text)
        return {name: "%s.%d.%s" % (root[1], kind, number) for kind, rows in enumerate(found, 1) for number, name in rows}
    return dict(re.findall(r"lDAPDisplayName: (\w+)\n(?:.*\n)*?(?:attributeID|governsID): ([0-9.]+)", text))


def files_agree():
    plain, config = identifiers(read(FOLDER + "/postern.schema")), identifiers(read(FOLDER + "/postern.ldif"))
    windows = identifiers(read(FOLDER + "/postern-ad.ldf"))
    equal("slapd.conf and cn=config get the same", plain, config)
    windows["posternAlias"] = plain["posternAlias"]  # proxyAddresses there
    equal("and Active Directory, but for the further addresses", windows, plain)
    equal("no number is given twice", len(set(plain.values())), len(plain))
    names = set(re.findall(r'"(postern[A-Z]\w+)"', read(TOP + "/conf/conf_presets.c")))
    equal("the presets know all attributes", sorted(names), sorted(set(plain) - {"posternMailbox", "posternGroup"}))
    described = set(re.findall(r"`(postern[A-Z]\w+)`", read(FOLDER + "/README.md")))
    equal("the README names all", sorted(described), sorted(plain))


def answer(address, recipient, size=0):
    """To a whole message of that size, or to the recipient alone."""
    with Smtp(address) as smtp:
        if size:
            return smtp.transact("x@elsewhere.example", recipient, message(token(), size=size))
        return smtp.envelope("x@elsewhere.example", recipient)


def takes(place, people):
    for person in people:
        check("mail to " + person, answer(place.address, person).startswith("250"), person)


def levels(place, postern):
    """The three levels of erin's mailbox size, and what each does."""
    text = postern("explain", "erin@corp.example")
    for level, octets in (("warn", 50000), ("send", 60000), ("receive", QUOTA)):
        check("the %s level" % level, re.search(r"quota %s +%d, entry" % (level, octets), text), text)
    reply = answer(place.address, "erin@corp.example", 2 * QUOTA)
    check("erin's own mailbox size", reply.startswith("552 5.2.2"), reply)
    equal("which a small message fits in", answer(place.address, "erin@corp.example", 1000).code, 250)
    equal("and one beyond the level of sending", answer(place.address, "erin@corp.example", 61000).code, 250)
    reply = place.submit("erin", "Erin-Pw1", ["bob@corp.example"], message(token()), sender="erin@corp.example")
    check("from there on she cannot send", reply and "552" in str(reply) and "5.2.2" in str(reply), reply)
    equal("others have no limit", answer(place.address, "bob@corp.example", 2 * QUOTA).code, 250)


def switches(place, postern):
    """What the attributes of grace and heidi do."""
    reply = answer(place.address, "grace@corp.example")
    check("grace's mailbox is not in use", reply.startswith("550 5.2.1"), reply)
    with place.pop("grace", "Grace-Pw1") as pop:
        check("and she does not log in", pop.answer.startswith("-ERR"), pop.answer)
    equal("heidi's mail is taken", answer(place.address, "heidi@corp.example", 1000).code, 250)
    check("and waits for her server", "heidi@corp.example" in postern("queue", "list"), ELSEWHERE)


def forwarded(place, person, other, keeps):
    """What the README's change of an entry does with its mail."""
    word = token()
    with Smtp(place.address) as smtp:
        equal("mail for %s" % person, smtp.transact("x@elsewhere.example", person + "@corp.example", message(word)).code, 250)
    check("%s gets it" % other, wait_for(lambda: word in subjects(
        place.inbox(other, other.capitalize() + "-Pw1", delete=False))))
    check("%s %s" % (person, "too" if keeps else "does not"), wait_for(lambda: keeps == (word in subjects(
        place.inbox(person, person.capitalize() + "-Pw1", delete=False)))))


# --- OpenLDAP ---

def both_forms(state, slapd):
    """slapd.conf with the line of the README."""
    text = read(slapd.directory + "/slapd.conf")
    line = instruction("include /etc/ldap/schema/postern.schema").replace("/etc/ldap/schema", FOLDER)
    with open(state + "/with-schema.conf", "w") as file:
        # Behind the schemas that it builds upon.
        file.write(text.replace("pidfile", line + "\npidfile", 1) + "index posternAlias eq\n")
    done = command("slaptest", "-u", "-f", state + "/with-schema.conf")
    check("slapd.conf with postern.schema", done.returncode == 0, done.stdout)


def openldap(lab):
    """In the network of the lab, with addresses and a gateway of its own."""
    state = lab.state + "/openldap"
    os.makedirs(state)
    for address in (ADDRESS, LDAP_ADDRESS):
        must("ip", "-n", lab.name, "address", "add", address + "/24", "dev", "lo")
    certificates(state, ("slapd", "IP:" + LDAP_ADDRESS))
    socket = state + "/ldapi"
    slapd = Slapd(state + "/slapd", population(PEOPLE), control=socket,
                  with_tls=(state + "/slapd.pem", state + "/slapd.key", state + "/ca.pem"))
    gateway = Gateway(state, ["ldap://" + LDAP_ADDRESS], preset="postern", directory_more="cache_positive = 0\n\tcache_negative = 0")
    gateway.start()
    place = core.Place(ADDRESS, state + "/ca.pem", tls(state), gateway.log, [])
    url = "ldapi://" + socket.replace("/", "%2F")

    def postern(*words):
        return gateway.tool(*words).stdout

    with case("without the schema"):
        takes(place, ("ann@corp.example", "erin@corp.example"))
        reply = answer(ADDRESS, "annie@corp.example")
        check("nobody has the further address", reply.startswith("550 5.1.1"), reply)
    with case("the schema on slapd"):
        both_forms(state, slapd)
        for begin in ("ldapadd -Y EXTERNAL", "ldapmodify -Y EXTERNAL"):
            must("bash", "-c", instruction(begin, socket=url), cwd=FOLDER)
        must("bash", "-c", instruction("ldapmodify -x -H", host=slapd.uri, suffix=slapd.SUFFIX, password="-w Admin-Pw1"),
              env=dict(os.environ, LDAPTLS_REQCERT="never"))
        for person, change in (("erin", ERIN), ("grace", GRACE), ("heidi", HEIDI)):
            slapd.modify("dn: uid=%s,ou=people,%s\n%s" % (person, slapd.SUFFIX, change % CLASS))
        slapd.modify("dn: uid=ann,ou=people,%s\nchangetype: modify\nadd: posternAlias\nposternAlias: annie@corp.example\n"
                     % slapd.SUFFIX)
    with case("the attributes on slapd"):
        levels(place, postern)
        switches(place, postern)
        takes(place, ("annie@corp.example",))
        forwarded(place, "ann", "ben", True)
    gateway.stop()


# --- Active Directory ---

def active_directory():
    lab = Lab()
    place = core.Place(lab.address, lab.values["LAB_CA"], tls(lab.values["LAB_CA"]), lab.log, [])
    people = "CN=%s,CN=Users,DC=corp,DC=example"

    def postern(*words):
        return lab.inside(harness.POSTERN, "-c", lab.state + "/postern.conf", *words).stdout

    with case("with the schema of every domain"):
        takes(place, ("alice@corp.example", "erin@corp.example"))
    text = read(lab.state + "/postern.conf")
    for preset in ("ad-exchange", "ad-postern"):
        with open(lab.state + "/postern.conf", "w") as file:
            file.write(text.replace('preset = "ad"', 'preset = "%s"\n\tcache_positive = 0\n\tcache_negative = 0' % preset))
        lab.stop()
        lab.restart()
        with case("preset %s without its extension" % preset):
            takes(place, ("alice@corp.example", "erin@corp.example"))
            check("nobody has it", answer(place.address, "nobody@corp.example").startswith("550 5.1.1"), preset)
    with case("the extension of the schema on Samba"):
        for name in ("grace", "heidi"):
            lab.samba_tool("user", "create", name, name.capitalize() + "-Pw1", "--mail-address=%s@corp.example" % name)
        words = instruction("./samba.sh", database=lab.state + "/samba/private/sam.ldb").split()
        for attempt in ("once", "and again"):
            done = command(FOLDER + "/" + words[0], *words[1:])
            check("samba.sh " + attempt, done.returncode == 0 and "has the attributes" in done.stdout, done.stdout)
        check("the second time nothing was to be done", "Modified" not in done.stdout, done.stdout)
        text = instruction("ldapmodify -x -ZZ", password="-w " + lab.values["LAB_ADMIN_PASSWORD"])
        done = lab.inside("bash", "-c", text, env=dict(os.environ, LDAPTLS_CACERT=lab.values["LAB_CA"]))
        check("the README's change of an entry", done.returncode == 0, done.stdout)
        for person, change in (("erin", ERIN), ("grace", GRACE), ("heidi", HEIDI)):
            lab.modify("dn: %s\n%s" % (people % person, change % ""))
    with case("the attributes on Samba"):
        levels(place, postern)
        switches(place, postern)
        forwarded(place, "alice", "bob", False)
    return lab


def main():
    with case("the files"):
        files_agree()
    openldap(active_directory())


run(main)
