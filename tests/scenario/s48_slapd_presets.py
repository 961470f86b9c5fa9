#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Mail by every preset for OpenLDAP, end to end: SMTP in, POP3 out, aliases, forwarding, other hosts, quotas.

One slapd holds a tree for each preset; one gateway has a domain in each.
"""
import os

from clients import Smtp, mailbox, message, subjects, token
from harness import case, check, contains, equal, must, run, state_directory, wait_for
from scripted_smtp import Sink
from site_under_test import ADDRESS, LDAP_ADDRESS, Gateway, Namespace, Slapd, certificates, tls

ELSEWHERE = "10.54.0.9"  # the other server of who has a mail host
HOP = "[%s]:2525" % ELSEWHERE
TEXT, NAME, NUMBER, DN = ("1.3.6.1.4.1.1466.115.121.1.26", "1.3.6.1.4.1.1466.115.121.1.15", "1.3.6.1.4.1.1466.115.121.1.27",
                          "1.3.6.1.4.1.1466.115.121.1.12")
RULES = {TEXT: "caseIgnoreIA5Match", NAME: "caseIgnoreMatch", NUMBER: "integerMatch", DN: "distinguishedNameMatch"}
# What the schemas of qmail-ldap and Zarafa call things, as far as mail goes by it; mailHost is that of misc.schema.
QMAIL = (("1.3.6.1.4.1.7914.1.2.1.4", "mailAlternateAddress", TEXT), ("1.3.6.1.4.1.7914.1.2.1.7", "mailForwardingAddress", TEXT),
         ("1.3.6.1.4.1.7914.1.2.1.10", "deliveryMode", TEXT), ("1.3.6.1.4.1.7914.1.2.1.12", "accountStatus", TEXT),
         ("1.3.6.1.4.1.7914.1.2.1.15", "mailQuotaSize", NUMBER), ("1.3.6.1.4.1.7914.1.2.1.17", "mailSizeMax", NUMBER),
         ("1.3.6.1.4.1.7914.1.3.1.1", "dnmember", DN), ("1.3.6.1.4.1.7914.1.3.1.2", "rfc822member", TEXT),
         ("1.3.6.1.4.1.7914.1.3.1.3", "filtermember", TEXT))
# The test's own numbers: the vendor's do not matter to anybody here.
ZARAFA = tuple(("1.3.6.1.4.1.26278.1.1.99.%d" % number, name, kind) for number, (name, kind) in enumerate((
    ("zarafaQuotaOverride", NUMBER), ("zarafaQuotaWarn", NUMBER), ("zarafaQuotaSoft", NUMBER), ("zarafaQuotaHard", NUMBER),
    ("zarafaAccount", NUMBER), ("zarafaAliases", TEXT), ("zarafaUserServer", TEXT), ("zarafaFilter", NAME), ("zarafaBase", NAME)), 1))


def schema(name, attributes, *classes):
    lines = ["dn: cn=%s,cn=schema,cn=config" % name, "objectClass: olcSchemaConfig", "cn: %s" % name]
    for oid, title, kind in attributes:
        lines.append("olcAttributeTypes: ( %s NAME '%s' EQUALITY %s SYNTAX %s )" % (oid, title, RULES[kind], kind))
    for oid, title, may in classes:
        lines.append("olcObjectClasses: ( %s NAME '%s' SUP top AUXILIARY MAY ( %s ) )" % (oid, title, " $ ".join(may)))
    return "\n".join(lines) + "\n\n"


SCHEMAS = schema("qmail", QMAIL, ("1.3.6.1.4.1.7914.1.2.2.1", "qmailUser", ["mailHost"] + [row[1] for row in QMAIL[:6]]),
                 ("1.3.6.1.4.1.7914.1.3.2.1", "qmailGroup", ["mail"] + [row[1] for row in QMAIL[:1] + QMAIL[6:]]))
SCHEMAS += schema("zarafa", ZARAFA, ("1.3.6.1.4.1.26278.1.1.99.20", "zarafa-user", [row[1] for row in ZARAFA[:7]]),
                  ("1.3.6.1.4.1.26278.1.1.99.21", "zarafa-group", ["mail", "zarafaAliases", "member", "memberUid"]),
                  ("1.3.6.1.4.1.26278.1.1.99.22", "zarafa-dynamicgroup", ["mail", "zarafaAliases", "zarafaFilter", "zarafaBase"]))
PRESETS = ("inetorgperson", "openldap-laser", "qmail-ldap", "rfc2307-alias", "zarafa")


def domain(preset):
    return preset + ".example"


def suffix(preset):
    return "ou=%s,%s" % (preset, Slapd.SUFFIX)


def person(preset, uid, more="", classes=""):
    """In its own domain, under its own mail address."""
    auxiliary = {"openldap-laser": "inetLocalMailRecipient", "qmail-ldap": "qmailUser", "zarafa": "zarafa-user"}.get(preset)
    extra = "".join("objectClass: %s\n" % name for name in [auxiliary] + classes.split() if name)
    return ("dn: uid=%s,%s\nobjectClass: inetOrgPerson\n%suid: %s\ncn: %s\nsn: %s\nmail: %s@%s\nuserPassword: %s\n%s"
            % (uid, suffix(preset), extra, uid, uid, uid, uid, domain(preset), uid.capitalize() + "-Pw1", more))


def group(preset, name, classes, more):
    return "dn: cn=%s,%s\n%scn: %s\n%s" % (name, suffix(preset), "".join("objectClass: %s\n" % one for one in classes.split()),
                                           name, more)


def entries():
    """Everywhere: ann and ben with mailboxes, `team` of both."""
    found = []
    for preset in PRESETS:
        found.append("dn: %s\nobjectClass: organizationalUnit\nou: %s\n" % (suffix(preset), preset))
    inet, laser, qmail, alias, zarafa = PRESETS
    # member has to be an entry's name in groupOfNames.
    both = "member: uid=ann,%(s)s\nmember: uid=ben,%(s)s\n"
    found += [person(inet, "ann", "mail: annie@%s\n" % domain(inet)), person(inet, "ben"),
              group(inet, "team", "groupOfNames extensibleObject", "mail: team@%s\n" % domain(inet) + both % {"s": suffix(inet)})]
    found += [person(laser, "ann", "mailLocalAddress: annie@%s\n" % domain(laser)), person(laser, "ben"),
              person(laser, "moved", "mailHost: %s\n" % HOP),
              person(laser, "renamed", "mailRoutingAddress: ben@%s\n" % domain(laser)),
              person(laser, "gone", "mailHost: %s\nmailRoutingAddress: new@other.example\n" % HOP),
              group(laser, "team", "groupOfNames extensibleObject", "mail: team@%s\n" % domain(laser) + both % {"s": suffix(laser)})]
    found += [person(qmail, "ann", "mailAlternateAddress: annie@%s\n" % domain(qmail)), person(qmail, "ben"),
              person(qmail, "moved", "mailHost: %s\n" % HOP), person(qmail, "small", "mailQuotaSize: 20000\n"),
              person(qmail, "light", "mailSizeMax: 5000\n"), person(qmail, "off", "accountStatus: disabled\n"),
              person(qmail, "copies", "mailForwardingAddress: ben@%s\n" % domain(qmail)),
              person(qmail, "passes", "mailForwardingAddress: ben@%s\ndeliveryMode: nolocal\n" % domain(qmail)),
              group(qmail, "team", "organizationalRole qmailGroup", "mail: team@%s\ndnmember: uid=ann,%s\nrfc822member: ben@%s\n"
                    % (domain(qmail), suffix(qmail), domain(qmail))),
              group(qmail, "found", "organizationalRole qmailGroup", "mail: found@%s\nfiltermember: (|(uid=ann)(uid=ben))\n"
                    % domain(qmail))]
    found += [person(alias, "ann"), person(alias, "ben"),
              group(alias, "annie", "nisMailAlias", "rfc822MailMember: ann@%s\n" % domain(alias)),
              group(alias, "abroad", "nisMailAlias", "rfc822MailMember: x@[%s]\n" % ELSEWHERE),
              group(alias, "team", "nisMailAlias", "rfc822MailMember: ann@%(d)s\nrfc822MailMember: ben@%(d)s\n" % {"d": domain(alias)})]
    found += [person(zarafa, "ann", "zarafaAliases: annie@%s\n" % domain(zarafa)), person(zarafa, "ben"),
              person(zarafa, "moved", "zarafaUserServer: %s\n" % HOP),
              person(zarafa, "small", "zarafaQuotaOverride: 1\nzarafaQuotaHard: 1\n"),
              group(zarafa, "team", "organizationalRole zarafa-group", "mail: team@%s\n" % domain(zarafa) + both % {"s": suffix(zarafa)}),
              group(zarafa, "found", "organizationalRole zarafa-dynamicgroup", "mail: found@%s\nzarafaFilter: (|(uid=ann)(uid=ben))\n"
                    "zarafaBase: %s\n" % (domain(zarafa), suffix(zarafa)))]
    return "\n".join(found)


ROOT = """dn: %(s)s
objectClass: dcObject
objectClass: organization
dc: corp
o: corp

dn: cn=postern,%(s)s
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: postern
userPassword: Service-Pw1

dn: ou=people,%(s)s
objectClass: organizationalUnit
ou: people
""" % {"s": Slapd.SUFFIX}


def sections(state):
    """A directory and a domain for each."""
    text = ""
    for preset in PRESETS:
        text += """
directory "%(name)s" {
	servers = "ldap://%(server)s"
	preset = "%(name)s"
	base = "%(base)s"
	bind = "simple"
	bind_dn = "cn=postern,dc=corp,dc=example"
	password_file = "%(state)s/password"
	tls = "starttls"
	tls_ca = "%(state)s/ca.pem"
	timeout = 20s
}
domain "%(domain)s" { directory = "%(name)s" group_senders = "anybody" }
""" % dict(name=preset, server=LDAP_ADDRESS, base=suffix(preset), state=state, domain=domain(preset))
    return text


class Site:
    def __init__(self, gateway, context, sink):
        self.gateway, self.context, self.sink = gateway, context, sink

    def send(self, preset, name, size=0):
        """(reply, the message's word)"""
        word = token()
        with Smtp(ADDRESS) as smtp:
            return smtp.transact("x@elsewhere.example", "%s@%s" % (name, domain(preset)), message(word, size=size)), word

    def inbox(self, preset, uid):
        return subjects(mailbox(ADDRESS, self.context, "%s@%s" % (uid, domain(preset)), uid.capitalize() + "-Pw1"))

    def reaches(self, preset, name, *uids):
        """These have it, once each, and ann and ben only if they are among them."""
        reply, word = self.send(preset, name)
        title = "%s: mail for %s" % (preset, name)
        if not equal(title + " is taken", reply.code, 250):
            return
        for uid in uids:
            check("%s reaches %s" % (title, uid), wait_for(lambda: word in self.inbox(preset, uid)), self.inbox(preset, uid))
        for uid in {"ann", "ben", *uids}:
            equal("%s: %s has it %s" % (title, uid, "once" if uid in uids else "not"), self.inbox(preset, uid).count(word),
                  1 if uid in uids else 0)

    def leaves(self, preset, name, recipient):
        reply, word = self.send(preset, name)
        title = "%s: mail for %s" % (preset, name)
        if equal(title + " is taken", reply.code, 250):
            taken = self.sink.took(word)
            equal(title + " goes to the other server", taken and taken.recipients, [recipient])

    def fills(self, preset, name, octets):
        """Mail is taken until the mailbox would be over."""
        reply = Smtp(ADDRESS).envelope("x@elsewhere.example", "%s@%s" % (name, domain(preset)))
        equal("%s: room for %s" % (preset, name), reply.code, 250)
        contains("%s: none for what is larger" % preset, self.send(preset, name, 2 * octets)[0], "552 5.2.2")


def everywhere(site):
    for preset in PRESETS:
        with case(preset):
            site.reaches(preset, "ann", "ann")
            site.reaches(preset, "annie", "ann")
            site.reaches(preset, "team", "ann", "ben")
            contains("%s: nobody" % preset, site.send(preset, "nobody")[0], "550 5.1.1")


def laser(site):
    site.leaves("openldap-laser", "moved", "moved@openldap-laser.example")
    site.reaches("openldap-laser", "renamed", "ben")
    site.leaves("openldap-laser", "gone", "new@other.example")


def qmail(site):
    site.leaves("qmail-ldap", "moved", "moved@qmail-ldap.example")
    site.reaches("qmail-ldap", "copies", "copies", "ben")
    site.reaches("qmail-ldap", "passes", "ben")
    site.reaches("qmail-ldap", "found", "ann", "ben")
    site.fills("qmail-ldap", "small", 20000)
    contains("qmail-ldap: a disabled account", site.send("qmail-ldap", "off")[0], "550 5.2.1")
    equal("qmail-ldap: a small message", site.send("qmail-ldap", "light")[0].code, 250)
    contains("qmail-ldap: one above mailSizeMax", site.send("qmail-ldap", "light", 9000)[0], "552 5.2.3")


def aliases(site):
    site.leaves("rfc2307-alias", "abroad", "x@[%s]" % ELSEWHERE)


def zarafa(site):
    site.leaves("zarafa", "moved", "moved@zarafa.example")
    site.reaches("zarafa", "found", "ann", "ben")
    site.fills("zarafa", "small", 1 << 20)


def main():
    state = state_directory()
    Namespace(ADDRESS, LDAP_ADDRESS, ELSEWHERE)
    certificates(state, ("slapd", "IP:" + LDAP_ADDRESS))
    socket = state + "/ldapi"
    slapd = Slapd(state + "/slapd", ROOT, control=socket, with_tls=(state + "/slapd.pem", state + "/slapd.key", state + "/ca.pem"))
    must("ldapadd", "-Y", "EXTERNAL", "-H", "ldapi://" + socket.replace("/", "%2F"), input=SCHEMAS)
    must("ldapadd", "-x", "-H", slapd.uri, "-D", "cn=admin," + Slapd.SUFFIX, "-w", "Admin-Pw1", input=entries(),
         env=dict(os.environ, LDAPTLS_REQCERT="never"))
    sink = Sink(ELSEWHERE, 2525)
    gateway = Gateway(state, ["ldap://" + LDAP_ADDRESS], more=sections(state),
                      smtp_more="outbound { port = 2525 }")
    gateway.start()
    site = Site(gateway, tls(state), sink)
    for test in (everywhere, laser, qmail, aliases, zarafa):
        with case(test.__name__):
            test(site)
    equal("no process died", gateway.log().count("role.died"), 0)


run(main)
