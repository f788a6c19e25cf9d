"""Mail, over TLS unless the config says that it may go in the clear."""

from __future__ import annotations

import smtplib
import socket
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Literal

from pydantic import Field, model_validator

from vigil.alerts.channels import ChannelSettings, World
from vigil.alerts.message import Message
from vigil.alerts.outside import Reach, connect, limited
from vigil.errors import TransportError


class Settings(ChannelSettings):
    """A mail server, from whom and to whom; the password in the environment."""

    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str
    to: list[str] = Field(min_length=1)
    user: str = ""
    password_env: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Settings:
        for address in (self.sender, *self.to):
            if "@" not in parseaddr(address)[1] or any(c in address for c in "\r\n"):
                raise ValueError("needs mail addresses in sender and to")
        if bool(self.user) != bool(self.password_env):
            raise ValueError("needs both user and password_env, or neither")
        if self.user and self.security == "none":
            raise ValueError("sends no password in the clear: set security")
        return self


def send(settings: Settings, message: Message, world: World) -> str:
    """Hand the message to the server; only one that it has taken for every receiver is delivered."""
    mail = letter(settings, message)
    password = world.secret(settings.password_env) if settings.user else ""
    try:
        with _opened(settings, world.reach) as server, limited(_link(server), world.reach.whole):
            if settings.security == "starttls":
                server.starttls(context=world.reach.context())
            if settings.user:
                server.login(settings.user, password)
            refused = server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        raise _refused(error.recipients) from None
    except smtplib.SMTPResponseException as error:
        raise _answered(settings.host, error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPNotSupportedError as error:
        raise TransportError(f"{settings.host}: {error}.".replace("..", "."), permanent=True) from None
    except (OSError, smtplib.SMTPException) as error:
        what = f"{settings.host} did not answer properly ({error or type(error).__name__})."
        raise TransportError(what, permanent=False) from None
    if refused:
        raise _refused(refused)
    return f"taken by {settings.host}"


def letter(settings: Settings, message: Message) -> EmailMessage:
    """Return the mail; its Message-ID is the message's key, and its thread begins with the alert."""
    mail = EmailMessage()
    mail["From"], mail["To"] = settings.sender, ", ".join(settings.to)
    mail["Subject"] = message.subject.replace("\n", " ")[:200]
    mail["Message-ID"] = f"<{message.key}@vigil>"
    mail["References"] = f"<{message.thread}.alert@vigil>"
    mail["Date"] = format_datetime(datetime.fromisoformat(message.at))
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Vigil-Severity"] = message.severity
    mail.set_content(message.text)
    return mail


def _opened(settings: Settings, reach: Reach) -> smtplib.SMTP:
    """Return a connection to the address that was checked."""

    class Direct(smtplib.SMTP):
        """Connects itself where it was told it may."""

        def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002
            return connect(host, port, reach)

    class Wrapped(smtplib.SMTP_SSL):
        """The same, over TLS from its first byte."""

        def _get_socket(self, host: str, port: int, timeout: float) -> ssl.SSLSocket:  # noqa: ARG002
            return reach.context().wrap_socket(connect(host, port, reach), server_hostname=host)

    kind = Wrapped if settings.security == "tls" else Direct
    return kind(settings.host, settings.port, timeout=reach.seconds)


def _link(server: smtplib.SMTP) -> socket.socket:
    """Return the connection of a server that has greeted us."""
    found: socket.socket = server.sock  # type: ignore[assignment]
    return found


def _answered(host: str, code: int, said: bytes | str) -> TransportError:
    """Say what the server answered: 5yz is its last word, 4yz is not (RFC 5321, section 4.2.1)."""
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return TransportError(f"{host} answered {code} {' '.join(words.split())[:200]}", permanent=code >= 500)


def _refused(recipients: dict[str, tuple[int, bytes]]) -> TransportError:
    """Say who was refused; with one that may be taken later, all is tried again."""
    told = ", ".join(f"{address} ({code})" for address, (code, _) in recipients.items())
    permanent = all(code >= 500 for code, _ in recipients.values())
    return TransportError(f"refused for {told}.", permanent=permanent)
