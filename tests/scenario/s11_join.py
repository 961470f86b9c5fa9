#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A fresh machine becomes a member of a real Active Directory by `postern join`, and stays one."""
import contextlib
import json
import os
import re
import signal
import ssl
import subprocess
import threading

import harness
import keytab
from clients import Pop3, Smtp, message, subjects, token
from harness import PATIENCE, at_end, case, check, command, contains, equal, lacks, must, read, run, shell, wait_for
from member import ADDRESS, Member
from scripted_smtp import Sink
from site_under_test import PATIENT, Lab, enter, leave

ADMIN = "Admin-Pw1\n"
CONF = "/etc/postern/postern.conf"
KEYTAB = "/etc/postern/postern.keytab"
MAIL = "mx.corp.example"
ACCOUNT = "CN=GW,CN=Computers,DC=corp,DC=example"
PRINCIPAL = "GW$@CORP.EXAMPLE"
LDB_ADD, LDB_DELETE = 1, 3  # ldb.FLAG_MOD_...


def join(member, *words, password=ADMIN, **options):
    return member.postern("join", "corp.example", "--stdin-password", "--host", MAIL, "--ca",
                          member.lab.values["LAB_CA"], *words, input=password, **options)


def joined(member, *words):
    done = join(member, *words)
    if done.returncode != 0:
        raise RuntimeError("join: " + done.stdout)
    return done.stdout


def leave_domain(member):
    done = member.postern("leave", "--stdin-password", input=ADMIN)
    if done.returncode != 0:
        raise RuntimeError("leave: " + done.stdout)
    member.must("rm", "-rf", "/etc/postern")
    return done.stdout


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def write_bytes(path, data):
    """Into the file that is there: owner and mode stay."""
    with open(path, "wb") as file:
        file.write(data)


def refused(name, done, *parts):
    equal(name + ": refused", done.returncode, 1)
    for part in parts:
        contains(name + ": says " + part, done.stdout, part)


def account(lab, attribute):
    """The values of the account GW$ as the controller has them; None when there is no account."""
    done = lab.inside("ldapsearch", "-x", "-ZZ", "-LLL", "-o", "ldif-wrap=no", "-H", "ldap://" + lab.values["LAB_DC"],
                      "-D", "Administrator@corp.example", "-w", lab.values["LAB_ADMIN_PASSWORD"],
                      "-b", "CN=Computers,DC=corp,DC=example", "(sAMAccountName=GW$)", attribute,
                      env=dict(os.environ, LDAPTLS_CACERT=lab.values["LAB_CA"]))
    if "dn: " not in done.stdout:
        return None
    return re.findall(r"(?m)^%s: (.*)$" % attribute, done.stdout)


def by_ticket(member, cache):
    """curl reads alice's mailbox with the tickets in that cache."""
    environment = dict(os.environ, KRB5_CONFIG=member.lab.values["LAB_KRB5_CONFIG"],
                       KRB5CCNAME="FILE:%s/%s" % (member.state, cache))
    if not os.path.exists(member.state + "/" + cache):
        member.must("kinit", "alice@CORP.EXAMPLE", input="Alice-Pw1\n", env=environment)
    done = member.run("curl", "-sS", "--cacert", "/etc/postern/%s.pem" % MAIL, "--login-options", "AUTH=GSSAPI", "-u",
                      "alice@CORP.EXAMPLE:", "pop3s://%s/" % MAIL, env=environment)
    return check("a login by ticket: " + cache, done.returncode == 0, done.stdout)


def tickets(lab):
    """How many the controller has given to our computer account."""
    return int(account(lab, "logonCount")[0])


# --- what is refused, and in which words ---

def dead_domains(lab):
    """Domains of which the DNS knows too little."""
    login = ("-U", "Administrator%Admin-Pw1", "--use-kerberos=off")
    for zone, kerberos in (("nokdc.example", None), ("deadkdc.example", "dc1.corp.example 9 0 100")):
        lab.samba_tool("dns", "zonecreate", "dc1.corp.example", zone, *login)
        lab.samba_tool("dns", "add", "dc1.corp.example", zone, "_ldap._tcp.dc._msdcs", "SRV",
                       "dc1.corp.example 389 0 100", *login)
        for transport in ("_tcp", "_udp") if kerberos else ():
            lab.samba_tool("dns", "add", "dc1.corp.example", zone, "_kerberos." + transport, "SRV", kerberos, *login)
    lab.samba_tool("dns", "zonecreate", "dc1.corp.example", "noldap.example", *login)
    lab.samba_tool("dns", "add", "dc1.corp.example", "noldap.example", "_ldap._tcp.dc._msdcs", "SRV",
                   "dc1.corp.example 4 0 100", *login)


def refusals(lab, member):
    words = ("--stdin-password", "--host", MAIL)
    refused("a domain that is none", member.postern("join", "nosuch.example", *words, input=ADMIN),
            "the DNS names no controller of nosuch.example", "/etc/resolv.conf")
    refused("no controller answers", member.postern("join", "noldap.example", *words, input=ADMIN),
            "no controller of noldap.example can be reached", "port 389")
    refused("no KDC in the DNS", member.postern("join", "nokdc.example", *words, input=ADMIN),
            "no KDC is found")
    refused("a KDC that is not there", member.postern("join", "deadkdc.example", *words, input=ADMIN),
            "no KDC answers", "port 88")
    refused("a wrong password", join(member, password="Wrong-Pw1\n"), "wrong password")
    refused("an unknown administrator", join(member, "-U", "nobody"), "no such account")
    refused("a disabled one", join(member, "-U", "carol", password="Carol-Pw1\n"), "disabled, locked or expired")
    refused("an expired password", join(member, "-U", "dave", password="Dave-Pw1\n"), "has expired")
    refused("no password", join(member, password=""), "standard input has no line")
    refused("a controller's name", join(member, "--computer-name", "DC1"), "domain controller", "--computer-name")
    refused("principals that MAIL$ has",
            member.postern("join", "corp.example", "--stdin-password", "--host", "mail.corp.example", input=ADMIN),
            "host/mail.corp.example", "belongs to CN=MAIL", "setspn -D")
    lab.samba_tool("computer", "create", "TAKEN")
    lab.modify("dn: CN=TAKEN,CN=Computers,DC=corp,DC=example\nchangetype: modify\nreplace: dNSHostName\n"
               "dNSHostName: other.corp.example\n")
    refused("a name that is taken", join(member, "--computer-name", "TAKEN"), "other.corp.example",
            "--computer-name", "adcli delete-computer --domain=corp.example TAKEN")
    done = member.run("setpriv", "--reuid", "nobody", "--clear-groups", harness.POSTERN, "join", "corp.example",
                      "--stdin-password", input=ADMIN)
    refused("not root", done, "sudo")
    refused("a keytab in no folder", join(member, "--keytab", "/etc/nowhere/x.keytab"), "make it first")
    late = member.run("env", "DONT_FAKE_MONOTONIC=1", "faketime", "-f", "+20m", harness.POSTERN, "join", "corp.example",
                      "--stdin-password", input=ADMIN)
    refused("a wrong clock", late, "clock is", "timedatectl set-ntp true")
    equal("a wrong word is wrong usage", member.postern("join").returncode, 2)
    check("nothing was written", not member.exists(KEYTAB) and not member.exists(CONF))
    equal("and no account made", account(lab, "cn"), None)


def interrupted(lab, member):
    """Ctrl-C at the password: nothing stays, the administrator's ticket least of all."""
    log = member.state + "/interrupted.log"
    begun = subprocess.Popen([*member.prefix(), harness.POSTERN, "join", "corp.example", "--stdin-password"],
                             stdin=subprocess.PIPE, stdout=open(log, "w"), stderr=subprocess.STDOUT)
    check("it waits for a password", wait_for(lambda: "controller" in read(log)))
    begun.send_signal(signal.SIGINT)
    equal("and ends", begun.wait(PATIENCE), 1)
    begun.stdin.close()
    contains("saying so", read(log), "postern: interrupted")
    nothing_in_run(member)


def nothing_in_run(member):
    equal("nothing stays in /run", [name for name in os.listdir(member.path("/run"))
                                    if name.startswith("postern-")], [])


def without_rights(lab, member):
    """alice may not; what the command prints is what an administrator runs, and then it works."""
    done = join(member, "-U", "alice", password="Alice-Pw1\n")
    preset = re.search(r"adcli (preset-computer .*)--one-time-password=PASSWORD (\S+)", done.stdout)
    principals = re.findall(r"setspn -S (\S+) (\S+)", done.stdout)
    refused("an account without rights", done, "alice@CORP.EXAMPLE may not do this", "adcli preset-computer")
    if not check("it names both commands", preset and principals, done.stdout):
        return
    kerberos = "env", "KRB5_CONFIG=" + lab.values["LAB_KRB5_CONFIG"]
    lab.inside(*kerberos, "adcli", *preset.group(1).split(), "--one-time-password=Once-Pw1", preset.group(2),
               "--stdin-password", input=ADMIN)
    for principal, name in principals:
        lab.samba_tool("spn", "add", principal, name + "$")
    done = join(member, "--one-time-password", password="Once-Pw1\n")
    equal("with the one-time password it joins", done.returncode, 0)
    lacks("and nothing is missing", done.stdout, "setspn")
    check("the keytab serves", member.postern("check").returncode == 0, member.postern("check").stdout)
    leave_domain(member)


def missing_principals(lab, member):
    """A prepared account without the mail name's principals: the machine may not add them itself."""
    lab.inside("env", "KRB5_CONFIG=" + lab.values["LAB_KRB5_CONFIG"], "adcli", "preset-computer",
               "--domain=corp.example", "--one-time-password=Once-Pw1", "gw.corp.example", "--stdin-password",
               input=ADMIN)
    done = join(member, "--one-time-password", password="Once-Pw1\n")
    equal("joined all the same", done.returncode, 0)
    contains("the exact command is printed", done.stdout, "setspn -S smtp/%s GW" % MAIL)
    leave_domain(member)


# --- the join itself ---

def plan(lab, member):
    done = join(member, "--dry-run")
    equal("a dry run", done.returncode, 0)
    for part in ("Would run: adcli join", "smtp/" + MAIL, 'principal = "%s"' % PRINCIPAL, "Nothing was changed."):
        contains("it shows " + part, done.stdout, part)
    check("and changes nothing", account(lab, "cn") is None and not member.exists("/etc/postern"))


def first_join(lab, member):
    trace = member.state + "/trace"
    done = member.run("strace", "-f", "-e", "trace=execve", "-s", "1000", "-o", trace, harness.POSTERN, "join",
                      "corp.example", "--stdin-password", "--host", MAIL, "--ca", lab.values["LAB_CA"], input=ADMIN)
    if not check("postern join", done.returncode == 0, done.stdout):
        raise RuntimeError("no member")
    contains("adcli was run", read(trace), "adcli")
    lacks("no program was given the password", read(trace), "Admin-Pw1")
    lacks("nor does it stand in the output", done.stdout, "Admin-Pw1")
    owner = member.must("stat", "-c", "%U %a", KEYTAB).split()
    equal("the keytab is the directory role's alone", owner, ["postern-dir", "600"])
    equal("AES only in the directory", account(lab, "msDS-SupportedEncryptionTypes"), ["24"])
    equal("and in the keytab", {key.enctype for key in keytab.read(member.path(KEYTAB))}, {17, 18})
    names = account(lab, "servicePrincipalName")
    for principal in ("%s/%s" % (service, host) for service in ("host", "smtp", "pop")
                      for host in ("gw.corp.example", MAIL)):
        check("the account has " + principal, principal in names, names)
    nothing_in_run(member)
    again = join(member)
    refused("a second join", again, "has joined already", "postern leave")


def start(member):
    gateway = member.process(harness.POSTERND, "-c", CONF, log=member.state + "/posternd.out")
    if not wait_for(lambda: "ready" in member.postern("status").stdout and
                    "starting" not in member.postern("status").stdout or not gateway.running()):
        raise RuntimeError("posternd: " + read(member.state + "/posternd.out"))
    return gateway


def client_context(member):
    context = ssl.create_default_context(cadata=member.read("/etc/postern/%s.pem" % MAIL))
    context.check_hostname = False  # the clients' helper asks for another name; trust is what counts here
    return context


def mail_flows(member, context, sink=None):
    word = token()
    with Smtp(ADDRESS) as smtp:
        contains("the greeting has the mail name", smtp.greeting, MAIL)
        equal("mail comes in", smtp.transact("x@elsewhere.example", "a.smith@corp.example", message(word)).code, 250)
        contains("an unknown address is refused", smtp.envelope("x@e.example", "nobody@corp.example"), "5.1.1")
    with Pop3(ADDRESS, 995, context) as pop:
        check("alice logs in", pop.login("alice", "Alice-Pw1").startswith("+OK"))
        contains("and reads it", "\n".join(pop.many("RETR %s" % pop.ask("STAT").split()[1])), word)
    with Smtp(ADDRESS, 587) as smtp:
        smtp.start_tls(context)
        equal("submission", smtp.login("bob", "Bob-Pw1").code, 235)
        word = token()
        if sink and equal("mail for others", smtp.transact("bob@corp.example", "x@partner.example", message(word)).code,
                          250):
            check("goes out by what join wrote", sink.took(word))


def status(member, mode, ntlm):
    done = member.postern("status")
    contains("status names the mode", done.stdout, mode)
    rows = json.loads(member.postern("--json", "status").stdout)["directories"]
    equal("and JSON the features", [(row["directory"], row["kerberos"], row["ntlm"]) for row in rows],
          [("corp", True, ntlm)])


def kept_configuration(lab, member):
    """A configuration that is there is never written over."""
    member.must("rm", KEYTAB)
    member.write(CONF, member.read(CONF) + "\n# mine\n")
    before = member.read(CONF)
    done = join(member)
    equal("joined again", done.returncode, 0)
    contains("the account was taken over", done.stdout, "taken over")
    equal("the configuration stays", member.read(CONF), before)
    contains("what would have been written is printed", done.stdout, 'bind = "gssapi"')


# --- rotation ---

class Load:
    """Logins and recipients without a pause; what is not as it should be is kept."""

    def __init__(self, context):
        self.context, self.wrong, self.done = context, [], 0
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(kind,)) for kind in
                        (self.login, self.login, self.recipient, self.recipient)]
        for thread in self.threads:
            thread.start()

    def work(self, kind):
        while not self.stop.is_set():
            try:
                answer = kind()
            except OSError as error:
                answer = repr(error)
            if answer:
                self.wrong.append(answer)
            self.done += 1
            self.stop.wait(0.05)

    def login(self):
        with Pop3(ADDRESS, 995, self.context) as pop:
            answer = pop.login("alice", "Alice-Pw1")
            return None if answer.startswith("+OK") or "IN-USE" in answer else answer

    def recipient(self):
        """Addresses nobody has asked for yet, so that each of them is looked up."""
        with Smtp(ADDRESS) as smtp:
            answer = smtp.envelope("x@e.example", token() + "@corp.example")
            return None if answer.startswith("550 5.1.1") else answer

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def rotation_under_load(member, context, gateway):
    """Three new keys, and a ticket got by the last of them, while people come in without a pause."""
    numbers = {key.version for key in keytab.read(member.path(KEYTAB))}
    by_ticket(member, "before-rotation")
    load = Load(context)
    for turn in range(3):
        before, done = load.done, member.postern("rotate", "--now")
        check("rotation %d" % turn, done.returncode == 0 and "instead of" in done.stdout, done.stdout)
        new = {key.version for key in keytab.read(member.path(KEYTAB))}
        check("a new key, and every old one is kept", new > numbers and max(new) == max(numbers) + 1,
              (numbers, new))
        numbers = new
        check("the load goes on", wait_for(lambda: load.done > before + 20))
    path, whole = member.path(KEYTAB), read_bytes(member.path(KEYTAB))
    keytab.write(path, [key.with_wrong_key() for key in keytab.read(path)])
    check("a ticket that cannot be renewed serves on",
          wait_for(lambda: "directory.ticket" in read(member.state + "/posternd.out"), 2 * PATIENCE, 1))
    had = tickets(member.lab)
    write_bytes(path, whole)
    check("the directory role gets a ticket with the new key", wait_for(lambda: tickets(member.lab) > had, 2 * PATIENCE, 1))
    before = load.done
    check("and connections with it", wait_for(lambda: load.done > before + 200, 3 * PATIENCE))
    load.end()
    check("no login and no recipient failed among %d" % load.done, not load.wrong, load.wrong[:3])
    check("and nothing was restarted", gateway.running() and
          {row["restarts"] for row in json.loads(member.postern("--json", "status").stdout)["processes"]} == {0})
    equal("the keytab's owner stays", member.must("stat", "-c", "%U %a", KEYTAB).split(), ["postern-dir", "600"])
    by_ticket(member, "before-rotation")
    by_ticket(member, "after-rotation")
    done = member.postern("rotate")
    contains("a young key is left alone", done.stdout, "young enough")


def controller_behind(member, context):
    """The keytab is ahead of this controller, as in the minute after a rotation at another one."""
    path, whole = member.path(KEYTAB), read_bytes(member.path(KEYTAB))
    keys = keytab.read(path)
    newest = max(key.version for key in keys)
    ahead = [key.with_version(newest + 1).with_wrong_key() for key in keys if key.version == newest]
    keytab.write(path, keys + ahead)
    gateway = start(member)
    mail_flows(member, context)
    gateway.stop()
    finds(member, "a keytab that is ahead", "error", "kvno", "does not take the newest key")
    write_bytes(path, whole)


# --- what check finds ---

def findings(member):
    done = member.postern("--json", "check")
    text = done.stdout[done.stdout.index("[\n"):]
    return done.returncode, json.loads(text[:text.rindex("]") + 1])


def finds(member, name, level, what, part, remedy="", code=1):
    got, rows = findings(member)
    found = [row for row in rows if row["level"] == level and row["what"] == what and part in row["text"]
             and remedy in row["remedy"]]
    check(name, found, [row for row in rows if row["level"] != "good"])
    equal(name + ": exit code", got, code)


def is_slow(row):
    """The machine that the controller runs on too may be."""
    return row["level"] == "warning" and row["what"] == "latency"


def check_is_content(member):
    code, rows = findings(member)
    wrong = [row for row in rows if row["level"] not in ("good", "note") and not is_slow(row)]
    equal("check finds no error", (code, wrong), (0, []))
    seen = {row["what"] for row in rows}
    for what in ("dns", "clock", "latency", "certificate", "bind", "signing", "channel-binding", "kvno", "spn"):
        check("it looked at " + what, what in seen, seen)
    contains("and says so to people", member.postern("check").stdout, CONF + ": good")


def check_principals(lab, member):
    lab.samba_tool("spn", "delete", "smtp/" + MAIL, "GW$")
    finds(member, "a missing principal", "warning", "spn", "smtp/%s is missing" % MAIL,
          "setspn -S smtp/%s GW" % MAIL, code=0)
    lab.samba_tool("spn", "add", "smtp/" + MAIL, "GW$")
    with written_twice(lab, "CN=MAIL,CN=Computers,DC=corp,DC=example", "smtp/" + MAIL):
        finds(member, "a principal that stands twice", "error", "spn", "belongs to CN=MAIL", "setspn -D")


@contextlib.contextmanager
def written_twice(lab, dn, principal):
    """Straight into the database: no controller of today takes it by LDAP, those of old did."""
    text = ("import ldb, sys; db = ldb.Ldb(); db.connect('tdb://' + sys.argv[1]); m = ldb.Message(ldb.Dn(db, sys.argv[2]))"
            "; m['s'] = ldb.MessageElement([sys.argv[3]], int(sys.argv[4]), 'servicePrincipalName'); db.modify(m)")
    words = ["/usr/bin/python3", "-c", text, lab.state + "/samba/private/sam.ldb.d/DC=CORP,DC=EXAMPLE.ldb", dn, principal]
    must(*words, LDB_ADD)
    try:
        yield
    finally:
        must(*words, LDB_DELETE)


def check_keys(lab, member):
    path = member.path(KEYTAB)
    whole, keys = read_bytes(path), keytab.read(path)
    keytab.write(path, [key.with_version(key.version + 7) for key in keys])
    finds(member, "a wrong key number", "error", "kvno", "the directory's is", "postern join")
    keytab.write(path, [key for key in keys if key.enctype == 17])
    finds(member, "the key the KDC wants is not there", "error", "ticket", "no key of the kind", "postern join")
    keytab.write(path, [key for key in keys if key.enctype == 18])
    finds(member, "a key that is not there", "error", "enctypes", "lacks an AES key", "postern rotate --now")
    exported = member.state + "/rc4.keytab"
    lab.samba_tool("domain", "exportkeytab", exported, "--principal=GW$")
    weak = [key for key in keytab.read(exported) if key.enctype == 23]
    if check("the domain exports an RC4 key", weak):
        keytab.write(path, weak)
        finds(member, "RC4 alone", "error", "enctypes", "only arcfour-hmac", "KerberosEncryptionType")
    write_bytes(path, whole)
    lab.modify("dn: %s\nchangetype: modify\nreplace: msDS-SupportedEncryptionTypes\n"
               "msDS-SupportedEncryptionTypes: 28\n" % ACCOUNT)
    finds(member, "RC4 permitted on the account", "warning", "enctypes", "is 0x1c", "Set-ADComputer", code=0)
    lab.modify("dn: %s\nchangetype: modify\nreplace: msDS-SupportedEncryptionTypes\n"
               "msDS-SupportedEncryptionTypes: 24\n" % ACCOUNT)
    check_is_content(member)


def check_clock(member):
    done = member.run("env", "DONT_FAKE_MONOTONIC=1", "faketime", "-f", "+20m", harness.POSTERN, "check")
    equal("a wrong clock: exit code", done.returncode, 1)
    check("a wrong clock", re.search(r"error +clock .* s behind ours", done.stdout), done.stdout)


def check_certificate(lab, member):
    """The controller's certificate ran out; Samba reads it when it starts."""
    state, name = lab.state, lab.values["LAB_DC"]
    template = state + "/expired.template"
    with open(template, "w") as file:
        file.write('cn = "%s"\ndns_name = "%s"\ntls_www_server\nsigning_key\n'
                   'activation_date = "2020-01-01 00:00:00"\nexpiration_date = "2021-01-01 00:00:00"\n' % (name, name))
    must("cp", "-p", state + "/%s.pem" % name, state + "/good.pem")
    must("certtool", "--generate-certificate", "--load-privkey", state + "/%s.key" % name, "--load-ca-certificate",
         state + "/ca.pem", "--load-ca-privkey", state + "/ca.key", "--template", template, "--outfile",
         state + "/%s.pem" % name)
    restart_samba(lab)
    finds(member, "an expired certificate", "error", "certificate", "is not valid today")
    must("cp", "-p", state + "/good.pem", state + "/%s.pem" % name)
    restart_samba(lab)
    check_is_content(member)


def restart_samba(lab):
    shell('. "$0/tests/lab/domain.sh"; processes_stop "$lab_state/samba.pid"; domain_start', env=lab.environment)


def check_stale_key(lab, member):
    """Somebody set the account's password: the KDC takes none of our keys."""
    lab.samba_tool("user", "setpassword", "GW$", "--newpassword=Other-Pw-9")
    finds(member, "a stale key", "error", "kvno", "somebody changed the account's password", "postern leave --local")
    done = member.postern("rotate", "--now")
    check("a rotation fails and says why", done.returncode == 1 and "adcli" in done.stdout, done.stdout)
    done = member.postern("leave", "--local")
    contains("leave --local forgets the keytab alone", done.stdout, "is removed")
    member.must("rm", "-rf", "/etc/postern")
    contains("and a new join takes the account over", joined(member), "taken over")
    check_is_content(member)


# --- leaving, and NTLM ---

def leaves(lab, member):
    refused("alice may not delete it", member.postern("leave", "-U", "alice", "--stdin-password", input="Alice-Pw1\n"),
            "adcli delete-computer --domain=corp.example GW", "postern leave --local")
    check("so everything is still there", member.exists(KEYTAB) and account(lab, "cn"))
    done = member.postern("leave", "--stdin-password", input=ADMIN)
    equal("postern leave", done.returncode, 0)
    for part in ("is deleted", "is removed", "stays", "/var/lib/postern/mail"):
        contains("it says " + part, done.stdout, part)
    equal("the account is gone", account(lab, "cn"), None)
    check("the keytab is gone, the configuration is not", not member.exists(KEYTAB) and member.exists(CONF))
    member.must("rm", "-rf", "/etc/postern")


def with_ticket(lab, member):
    """The administrator's own ticket serves instead of a password."""
    kerberos = {"KRB5_CONFIG": lab.values["LAB_KRB5_CONFIG"], "KRB5CCNAME": "FILE:%s/ticket" % member.state}
    member.must("kinit", "Administrator@CORP.EXAMPLE", input=ADMIN, env=dict(os.environ, **kerberos))
    done = member.postern("join", "corp.example", "--host", MAIL, "--ca", lab.values["LAB_CA"],
                          env=dict(os.environ, KRB5CCNAME=kerberos["KRB5CCNAME"]))
    check("join with the ticket", done.returncode == 0 and "from the Kerberos cache" in done.stdout, done.stdout)
    leave_domain(member)


def authority_from_directory(lab, member):
    """The forest's own authority is found in the directory, when no --ca is given."""
    der = lab.state + "/ca.der"
    must("openssl", "x509", "-in", lab.values["LAB_CA"], "-outform", "DER", "-out", der)
    lab.modify("dn: CN=Corp CA,CN=Certification Authorities,CN=Public Key Services,CN=Services,CN=Configuration,"
               "DC=corp,DC=example\nchangetype: add\nobjectClass: certificationAuthority\n"
               "cACertificate:< file://%s\nauthorityRevocationList: x\ncertificateRevocationList: x\n" % der)
    done = member.postern("join", "corp.example", "--stdin-password", "--host", MAIL, input=ADMIN)
    equal("join without --ca", done.returncode, 0)
    contains("the authority is out of the directory", done.stdout, "/etc/postern/domain-ca.pem")
    check_is_content(member)
    equal("leave", member.postern("leave", "--stdin-password", input=ADMIN).returncode, 0)
    done = member.postern("join", "corp.example", "--stdin-password", "--host", MAIL, input=ADMIN)
    check("join again, with the files of the first time", done.returncode == 0 and "which is there" in done.stdout,
          done.stdout)
    check_is_content(member)
    leave_domain(member)


# Without an interface that has an address winbindd ends at once.
ALONE = 'ip link set lo up && ip address add 192.0.2.77/24 dev lo && exec "$@"'


def start_winbind(member, *around):
    winbindd = member.process(*around, "winbindd", "--foreground", "--no-process-group",
                              log=member.state + "/samba.log")
    check("winbind comes up", wait_for(lambda: member.run("wbinfo", "--ping").returncode == 0))
    return winbindd


def by_ntlm(member, password):
    """What curl sees of a login to the submission server."""
    return member.run("curl", "-sv", "--max-time", str(PATIENCE), "--ssl-reqd", "--cacert", "/etc/postern/%s.pem" % MAIL,
                      "--login-options", "AUTH=NTLM", "-u", "CORP\\alice:" + password,
                      "smtp://%s:587/" % MAIL).stdout


def ntlm_without_controller(member, winbindd):
    """Its pipe is a file: a winbind in an empty network answers as ever, and reaches nobody."""
    gateway = start(member)
    log = member.state + "/posternd.out"
    contains("a login by NTLM", by_ntlm(member, "Alice-Pw1"), "< 235 ")
    winbindd.stop()
    winbindd = start_winbind(member, "unshare", "--net", "--", "sh", "-c", ALONE, "alone")
    before = len(read(log))
    for password in ("Alice-Pw1", "Wrong-Pw1", "Wrong-Pw2"):
        contains("without a controller the trouble is ours: " + password, by_ntlm(member, password), "< 454 ")
    equal("and the log says whose, each time", read(log)[before:].count("winbind reaches no controller"), 3)
    contains("the others still log in", by_password(member), "+OK")
    winbindd.stop()
    winbindd = start_winbind(member)
    check("over when it is back", wait_for(lambda: "< 235 " in by_ntlm(member, "Alice-Pw1"), step=1))
    contains("and a wrong password is refused again", by_ntlm(member, "Wrong-Pw3"), "< 535 ")
    gateway.stop()
    return winbindd


def by_password(member):
    with Pop3(ADDRESS, 995, client_context(member)) as pop:
        return pop.login("alice", "Alice-Pw1")


def full_member(lab, member):
    at_end(command, "rm", "-rf", member.state + "/samba.log")
    contains("join with --ntlm", joined(member, "--ntlm"), "net ads join")
    contains("Samba's configuration is a member's", member.read("/etc/samba/smb.conf"), "security = ads")
    check("the packaged one is kept", member.exists("/etc/samba/smb.conf.before-postern"))
    finds(member, "winbind that does not run", "error", "winbind", "", "systemctl enable --now winbind")
    winbindd = start_winbind(member)
    def trusted():
        return member.run("wbinfo", "-t").returncode == 0
    check("the secret is the account's", wait_for(trusted), member.run("wbinfo", "-t").stdout)
    pipe = member.run("stat", "-c", "%G", "/var/lib/samba/winbindd_privileged").stdout.strip()
    contains("the directory role may use the privileged pipe", member.must("id", "-nG", "postern-dir"), "winbindd_priv")
    print("# the privileged pipe's group is " + pipe)
    contains("NTLM works", member.run("wbinfo", "-a", "CORP\\alice%Alice-Pw1").stdout,
             "challenge/response password authentication succeeded")
    check_is_content(member)
    status_without_gateway(member)
    winbindd = ntlm_without_controller(member, winbindd)
    check("winbind is a member again", wait_for(trusted), member.run("wbinfo", "-t").stdout)
    done = member.postern("rotate", "--now")
    equal("rotation with Samba", done.returncode, 0)
    check("winbind has the new secret", wait_for(trusted), member.run("wbinfo", "-t").stdout)
    contains("Samba's own test agrees", member.run("net", "ads", "testjoin").stdout, "Join is OK")
    check_is_content(member)
    contains("leave says what stays of Samba", leave_domain(member), "smb.conf")
    winbindd.stop()


def status_without_gateway(member):
    text = member.postern("--json", "status").stdout
    rows = json.loads(text[text.index("{"):])["directories"]
    equal("status: a full member has NTLM", [(row["mode"], row["ntlm"]) for row in rows], [("member", True)])


def short_tickets(member):
    """So that a new one is needed soon (Samba's KDC serves none below two minutes), for new connections."""
    text = member.read("/etc/postern/krb5.conf").replace("[libdefaults]\n", "[libdefaults]\n\tticket_lifetime = 125s\n")
    member.write("/etc/postern/krb5.conf", text)
    member.write(CONF, member.read(CONF).replace('bind = "gssapi"', 'bind = "gssapi"\n\trecycle = 2s\n\ttimeout = ' + PATIENT))


def main():
    os.environ["LAB_NO_GATEWAY"] = "1"
    lab = Lab()
    sink = Sink(lab.values["LAB_SINK_ADDRESS"])
    leave()
    member = Member(lab)
    dead_domains(lab)
    for test in (refusals, interrupted, without_rights, missing_principals, plan, first_join):
        with case(test.__name__):
            test(lab, member)
    enter(member.netns)
    context = client_context(member)
    short_tickets(member)
    gateway = start(member)
    with case("mail flows"):
        mail_flows(member, context, sink)
        status(member, "keytab only", False)
        check_is_content(member)
    with case("rotation"):
        rotation_under_load(member, context, gateway)
        mail_flows(member, context)
    gateway.stop()
    with case("controller_behind"):
        controller_behind(member, context)
    for test in (check_principals, check_keys):
        with case(test.__name__):
            test(lab, member)
    with case("check_clock"):
        check_clock(member)
    for test in (check_certificate, kept_configuration, check_stale_key, leaves, with_ticket,
                 authority_from_directory, full_member):
        with case(test.__name__):
            test(lab, member)
    equal("nothing of the machine itself was touched", os.path.exists("/etc/postern/postern.keytab"), False)
    leave()


run(main)
