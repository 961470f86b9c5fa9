# SPDX-License-Identifier: ISC
"""A directory server that does as it is told, for what neither Samba nor slapd can be made to do.

It speaks enough LDAP to be taken for a domain controller, with StartTLS, and answers LDAP pings
over UDP. A Controller's attributes are its script; they may be changed while it serves.
"""
import socket
import ssl
import struct
import threading
import time

from harness import at_end

(BIND, UNBIND, SEARCH, ABANDON, EXTENDED) = (0x60, 0x42, 0x63, 0x50, 0x77)
STARTTLS, FAST_BIND = b"1.3.6.1.4.1.1466.20037", b"1.2.840.113556.1.4.1781"
NOTICE = b"1.3.6.1.4.1.1466.20036"
BUSY, UNAVAILABLE, UNWILLING, STRONGER, SIZE_LIMIT, TIME_LIMIT = 51, 52, 53, 8, 4, 3
REFERRAL, INVALID, OPERATIONS = 10, 49, 1

UNSIGNED = ("00002028: LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity checking if "
            "SSL\\TLS are not already active on the connection, data 0, v4563")


def refused(data):
    """The text that AD gives with result 49."""
    return "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data %s, v4563" % data


# --- BER ---

def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes((tag, size)) + body
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + body


def text(value, tag=4):
    return tlv(tag, value if isinstance(value, bytes) else value.encode())


def number(value, tag=2):
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def pieces(data):
    """[(tag, content)] of what stands in a constructed value."""
    found, at = [], 0
    while at < len(data):
        tag, size = data[at], data[at + 1]
        at += 2
        if size & 0x80:
            count = size & 0x7f
            size = int.from_bytes(data[at:at + count], "big")
            at += count
        found.append((tag, data[at:at + size]))
        at += size
    return found


def matches(tag, body, entry):
    """A filter (RFC 4511 section 4.5.1.7) on {lower name: [bytes]}; extensible ones match nobody."""
    if tag == 0xa0:
        return all(matches(t, b, entry) for t, b in pieces(body))
    if tag == 0xa1:
        return any(matches(t, b, entry) for t, b in pieces(body))
    if tag == 0xa2:
        return not matches(*pieces(body)[0], entry)
    if tag == 0x87:
        return body.decode().lower() == "objectclass" or body.decode().lower() in entry
    if tag == 0xa3:
        (_, name), (_, value) = pieces(body)
        return value.lower() in [v.lower() for v in entry.get(name.decode().lower(), [])]
    return False


def dns_name(name):
    return b"".join(bytes((len(label),)) + label for label in name.encode().split(b".") if label) + b"\0"


class Controller:
    """One server. Entries: {dn: {attribute: [bytes]}}; passwords: {dn: password}."""

    def peer(self, connection):
        return Peer(self, connection)

    def __init__(self, address, entries, passwords, certificate=None, port=389, site="", domain="corp.example",
                 base="DC=corp,DC=example"):
        self.address, self.port, self.base, self.domain = address, port, base, domain
        self.entries = {dn: {name.lower(): values for name, values in attributes.items()}
                        for dn, attributes in entries.items()}
        self.names = {name.lower(): name for attributes in entries.values() for name in attributes}
        self.passwords = passwords
        self.certificate = certificate  # (pem, key)
        # The script.
        self.site, self.client_site, self.next_site = site, site, ""
        self.pings = True           # answers over UDP
        self.ping_pause = 0.0       # the distance, so to say
        self.bind_results = {}      # dn -> (result, text), in place of the password's truth
        self.all_binds = None       # (result, text) to everybody but the service
        self.service = "CN=postern,CN=Users,DC=corp,DC=example"
        self.service_result = None
        self.sasl_result = (STRONGER, UNSIGNED)  # to every SASL bind: it has no key
        self.search_result = None   # (result, text), without entries
        self.search_end = (0, "")   # the result behind the entries
        self.references = []        # SearchResultReference
        self.referral = []          # of results 10
        self.wants_tls = True
        self.extensions = []        # supportedExtension
        self.bind_way = self.search_way = "answer"  # "silent", "close", "cut", "slow", "notice"
        self.frozen = False
        # What happened.
        self.binds, self.fast_binds, self.searches, self.simple_in_clear = [], 0, 0, 0
        self.peers, self.closed = set(), True
        self.lock = threading.Lock()
        self.start()
        at_end(self.stop)

    # --- being there and not being there ---

    def start(self):
        self.listener = socket.create_server((self.address, self.port), backlog=64)
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind((self.address, 389))
        self.closed = False
        for run in (self.accept, self.answer_pings):
            threading.Thread(target=run, args=(self.listener, self.datagrams), daemon=True).start()

    def stop(self):
        """As if it were killed: connections are reset, the port is closed."""
        self.closed = True
        for one in (self.listener, self.datagrams):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        with self.lock:
            peers, self.peers = self.peers, set()
        for peer in peers:
            try:
                peer.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(self, listener, ignored):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        peer = self.peer(connection)
        with self.lock:
            self.peers.add(peer)
        try:
            while peer.one():
                pass
        except (OSError, ssl.SSLError, IndexError, ValueError):
            pass
        with self.lock:
            self.peers.discard(peer)
        peer.socket.close()

    # --- what it says of itself ---

    def netlogon(self):
        """NETLOGON_SAM_LOGON_RESPONSE_EX (MS-ADTS 6.3.1.9), with an address and the next site."""
        host = "dc." + self.domain
        names = (self.domain, self.domain, host, "CORP", "DC", "", self.site, self.client_site)
        address = struct.pack("<HHI8x", 2, 0, 0)
        return (struct.pack("<HHI", 0x17, 0, 0x31fd) + bytes(16) + b"".join(map(dns_name, names)) +
                bytes((len(address),)) + address + dns_name(self.next_site) + struct.pack("<II", 0x1d, 0xffffffff))

    def answer_pings(self, ignored, datagrams):
        while True:
            try:
                data, peer = datagrams.recvfrom(4096)
            except OSError:
                return
            if not data:
                continue
            (_, message), = pieces(data)
            identity = int.from_bytes(pieces(message)[0][1], "big")
            time.sleep(self.ping_pause)
            if self.pings and not self.frozen and not self.closed:
                try:
                    datagrams.sendto(entry_message(identity, "", {"netlogon": [self.netlogon()]}), peer)
                except OSError:
                    return

    def root(self):
        return {"defaultNamingContext": [self.base.encode()], "objectClass": [b"top"],
                "configurationNamingContext": [b"CN=Configuration," + self.base.encode()],
                "supportedExtension": [extension for extension in self.extensions]}


def message(identity, *parts):
    return tlv(0x30, number(identity), *parts)


def entry_message(identity, dn, attributes, empty=False):
    """Attributes without a value are left out unless `empty`: so AD sends those of which only a range came."""
    return message(identity, tlv(0x64, text(dn), tlv(0x30, *(
        tlv(0x30, text(name), tlv(0x31, *map(text, values))) for name, values in attributes.items() if values or empty))))


class Peer:
    """One connection."""

    def __init__(self, server, connection):
        self.server, self.socket, self.tls, self.bound, self.fast = server, connection, False, "", False

    def read(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise OSError("closed")
            data += more
        return data

    def receive(self):
        head = self.read(2)
        size = head[1]
        if size & 0x80:
            size = int.from_bytes(self.read(size & 0x7f), "big")
        return pieces(self.read(size))

    def send(self, data, way="answer"):
        if way == "cut":
            self.socket.sendall(data[:len(data) // 2])
            raise OSError("cut")
        if way == "slow":
            for at in range(0, len(data), 7):
                self.socket.sendall(data[at:at + 7])
                time.sleep(0.01)
            return
        self.socket.sendall(data)

    def result(self, identity, tag, code, diagnostic="", more=b"", way="answer", controls=b""):
        self.send(message(identity, tlv(tag, number(code, 10), text(""), text(diagnostic), more), controls), way)

    def notice(self):
        """RFC 4511 section 4.4.1."""
        self.result(0, 0x78, UNAVAILABLE, "the server is going down", text(NOTICE, 0x8a))
        raise OSError("notice")

    def one(self):
        parts = self.receive()
        while self.server.frozen:
            time.sleep(0.05)
            if self.server.closed:
                return False
        identity, (tag, body) = int.from_bytes(parts[0][1], "big"), parts[1]
        self.controls = pieces(parts[2][1]) if len(parts) > 2 else []
        if tag == UNBIND:
            return False
        step = {BIND: self.bind, SEARCH: self.search, EXTENDED: self.extended}.get(tag)
        if step:
            step(identity, pieces(body))
        return True

    def way(self, name):
        if name == "silent":
            time.sleep(60)
            raise OSError("silent")
        if name == "close":
            raise OSError("close")
        if name == "notice":
            self.notice()
        return name

    def bind(self, identity, parts):
        server, dn, (method, secret) = self.server, parts[1][1].decode(), parts[2]
        is_service = dn == server.service
        way = "answer" if is_service else self.way(server.bind_way)
        code, diagnostic = self.judge(dn, method, secret)
        self.bound = dn if code == 0 and not self.fast else ""
        server.binds.append((dn, code, self.fast))
        self.result(identity, 0x61, code, diagnostic, way=way)

    def judge(self, dn, method, secret):
        server = self.server
        if method != 0x80:
            return server.sasl_result
        if server.wants_tls and not self.tls:
            server.simple_in_clear += 1
            return STRONGER, UNSIGNED
        if dn == server.service and server.service_result:
            return server.service_result
        if dn != server.service and server.all_binds:
            return server.all_binds
        if dn in server.bind_results:
            return server.bind_results[dn]
        return (0, "") if server.passwords.get(dn, "").encode() == secret != b"" else (INVALID, refused("52e"))

    def search(self, identity, parts):
        server = self.server
        base, scope = parts[0][1].decode(), parts[1][1][0]
        if base == "" and scope == 0:
            return self.search_root(identity, parts)
        if not self.bound:
            return self.result(identity, 0x65, OPERATIONS, "000004DC: LdapErr: DSID-0C090A5C, comment: In order to "
                               "perform this operation a successful bind must be completed on the connection.")
        asked = [name.decode().lower() for _, name in pieces(parts[7][1])]
        if scope == 0 and base in server.entries and any(";range=" in name for name in asked):
            self.send(entry_message(identity, base, {name: values for name, values in server.entries[base].items()
                                                     if name.lower() in asked}))
            return self.result(identity, 0x65, 0)
        if "samaccountname" not in asked:  # policy and names of the domain
            return self.result(identity, 0x65, 0)
        server.searches += 1
        way = self.way(server.search_way)
        if server.search_result:
            referral = tlv(0xa3, *map(text, server.referral)) if server.referral else b""
            return self.result(identity, 0x65, *server.search_result, more=referral, way=way)
        for dn, attributes in server.entries.items():
            # Later parts of an attribute are only sent to who asks for them.
            attributes = {name: values for name, values in attributes.items()
                          if ";range=" not in name or ";range=0-" in name}
            plain = {name.partition(";")[0]: values for name, values in attributes.items()}
            if matches(*parts[6], plain):
                self.send(entry_message(identity, dn, {
                    server.names[name]: values for name, values in attributes.items()
                    if name.partition(";")[0] in asked}), way)
        for reference in server.references:
            self.send(message(identity, tlv(0x73, text(reference))), way)
        return self.result(identity, 0x65, *server.search_end, way=way)

    def search_root(self, identity, parts):
        asked = [name.decode() for _, name in pieces(parts[7][1])]
        if asked == ["netlogon"]:
            attributes = {"netlogon": [self.server.netlogon()]} if self.server.site else {}
        else:
            attributes = {name: values for name, values in self.server.root().items() if name in asked}
        self.send(entry_message(identity, "", attributes))
        self.result(identity, 0x65, 0)

    def extended(self, identity, parts):
        server, name = self.server, parts[0][1]
        if name == STARTTLS and server.certificate:
            self.result(identity, 0x78, 0)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*server.certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.tls = True
        elif name == FAST_BIND and FAST_BIND in server.extensions and not self.bound:
            self.fast = True
            server.fast_binds += 1
            self.result(identity, 0x78, 0)
        else:
            self.result(identity, 0x78, UNWILLING if name == FAST_BIND else 2, "not offered")


def person(number, account, domain="corp.example", base="DC=corp,DC=example", **more):
    """(dn, attributes) of somebody as AD shows him."""
    address = "%s@%s" % (account, domain)
    attributes = {"objectClass": [b"top", b"person", b"organizationalPerson", b"user"],
                  "objectGUID": [number.to_bytes(16, "big")], "sAMAccountName": [account.encode()],
                  "sAMAccountType": [b"805306368"], "userPrincipalName": [address.encode()],
                  "mail": [address.encode()], "userAccountControl": [b"512"],
                  "accountExpires": [b"9223372036854775807"], "pwdLastSet": [b"133000000000000000"],
                  "proxyAddresses": [b"SMTP:" + address.encode()]}
    attributes.update(more)
    return "CN=%s,CN=Users,%s" % (account, base), attributes
