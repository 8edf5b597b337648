#!/usr/bin/python3
"""A real mail server (aiosmtpd) for tests: STARTTLS, and a login that is needed and comes only after it.

usage: mail_server.py FOLDER PORT. FOLDER holds cert.pem and key.pem; each mail taken is kept there as mail-N,
its envelope as the first line. The login is "shop" with the password in FOLDER/password. Recipients that begin with
"nobody" are refused for good, with "later" for the first time. The file FOLDER/ready says that it listens.
"""
import pathlib
import signal
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

folder = pathlib.Path(sys.argv[1])


class Handler:
    count = 0
    put_off = False

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 5.1.1 no such person here"
        if address.startswith("later") and not self.put_off:
            self.put_off = True
            return "451 4.7.1 greylisted, try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        head = f"{envelope.mail_from} -> {','.join(envelope.rcpt_tos)} tls={session.ssl is not None}\n"
        draft = folder / "draft"
        draft.write_bytes(head.encode() + envelope.content)
        draft.rename(folder / f"mail-{self.count}")
        self.count += 1
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    wanted = (folder / "password").read_bytes()
    is_right = isinstance(data, LoginPassword) and data.login == b"shop" and data.password == wanted
    return AuthResult(success=is_right, handled=False)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
controller = Controller(Handler(), hostname="127.0.0.1", port=int(sys.argv[2]), tls_context=context,
                        require_starttls=True, auth_required=True, authenticator=authenticate)
controller.start()
(folder / "ready").write_text("yes")
signal.sigwait({signal.SIGTERM, signal.SIGINT})
controller.stop()
