# SPDX-License-Identifier: ISC
"""SASL exchanges made by hand, token by token, over SMTP and POP3: GSSAPI, GSS-SPNEGO, NTLM."""
import base64
import hashlib
import os
import sys

import gssapi
from OpenSSL import SSL
from gssapi.raw import ChannelBindings, acquire_cred_from, set_neg_mechs

from clients import Pop3, Smtp

KRB5 = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2")
SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
NTLM = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
FLAGS = gssapi.RequirementFlag.mutual_authentication | gssapi.RequirementFlag.integrity


def end_point(connection):
    """RFC 5929: the hash of the server's certificate, which is signed with SHA-256 here."""
    return b"tls-server-end-point:" + hashlib.sha256(connection.socket.getpeercert(True)).digest()


def ticket_cred(cache):
    return acquire_cred_from({b"ccache": cache.encode()}, mechs=[KRB5, SPNEGO], usage="initiate").creds


def ntlm_cred(user, password, state):
    """gss-ntlmssp takes names and passwords from a file: for an initiator alone."""
    path = state + "/ntlm-users"
    with open(path, "w") as file:
        file.write("%s:%s\n" % (user.replace("\\", ":"), password))
    os.environ["NTLM_USER_FILE"] = path
    name = gssapi.Name(user, gssapi.NameType.user)
    return gssapi.Credentials(name=name, mechs=[NTLM, SPNEGO], usage="initiate")


class Client:
    """The initiator's side; answers each challenge."""

    def __init__(self, mechanism, cred=None, service="smtp@mail.corp.example", bindings=None, authzid=b"",
                 ntlm=False):
        self.mechanism, self.authzid = mechanism, authzid
        if ntlm and mechanism == "GSS-SPNEGO":
            set_neg_mechs(cred, [NTLM])
        self.context = gssapi.SecurityContext(
            name=gssapi.Name(service, gssapi.NameType.hostbased_service), creds=cred, usage="initiate",
            mech={"GSSAPI": KRB5, "GSS-SPNEGO": SPNEGO, "NTLM": NTLM}[mechanism],
            flags=gssapi.RequirementFlag.integrity if ntlm else FLAGS,
            channel_bindings=ChannelBindings(application_data=bindings) if bindings else None)
        self.sent = []

    def respond(self, challenge):
        if not self.context.complete:
            answer = self.context.step(challenge or None) or b""
        elif self.mechanism == "GSSAPI" and challenge:
            layers = self.context.unwrap(challenge).message
            if layers != b"\1\0\0\0":
                raise RuntimeError("offered layers: %r" % layers)
            answer = self.context.wrap(b"\1\0\0\0" + self.authzid, False).message
        else:
            answer = b""
        self.sent.append(answer)
        return answer


def exchange(connection, client, more, initial=False):
    """The last reply. more: what a challenge begins with."""
    words = "AUTH " + client.mechanism
    reply = connection.ask(words + " " + encode(client.respond(b"")) if initial else words)
    while reply.startswith(more):
        reply = connection.ask(encode(client.respond(base64.b64decode(reply[len(more):].strip()))))
    return reply


def encode(token):
    return base64.b64encode(token).decode()


def smtp(connection, client, **options):
    return exchange(connection, client, "334", **options)


def pop3(connection, client, **options):
    return exchange(connection, client, "+ ", **options)


def secured(address, context, port=587):
    connection = Smtp(address, port)
    connection.start_tls(context)
    return connection


def secured_with_exporter(address, ca):
    """Likewise, by a library that tells what RFC 9266 wants: the connection, and its tls-exporter."""
    connection = Smtp(address, 587)
    connection.ask("STARTTLS")
    connection.socket.settimeout(None)
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.load_verify_locations(ca)
    context.set_verify(SSL.VERIFY_PEER)
    inside = SSL.Connection(context, connection.socket)
    inside.set_tlsext_host_name(b"mail.corp.example")
    inside.set_connect_state()
    inside.do_handshake()
    connection.socket = inside
    connection.ask("EHLO client.example")
    return connection, b"tls-exporter:" + inside.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")


if __name__ == "__main__":  # under another clock: ADDRESS CACHE
    with Smtp(sys.argv[1], 587) as plain:
        print(smtp(plain, Client("GSSAPI", ticket_cred(sys.argv[2]))))
