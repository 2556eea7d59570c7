"""E-mails that AWS would have sent: one .eml file each in the `outbox` of the embedded AWS's folder."""

import email
import email.policy
import threading
from dataclasses import dataclass
from datetime import UTC
from email.message import EmailMessage
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

from cookiecutter_mlops.localaws import clock, runtime

_SENDER = "AWS Notifications <no-reply@sns.amazonaws.com>"
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Mail:
    """One e-mail of an outbox."""

    file: Path
    to: str
    subject: str
    text: str
    time: str  # of the clock


def put(to: str, subject: str, text: str, topic: str) -> None:
    """Write an e-mail into the outbox, under the next number."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = _SENDER, to, " ".join(subject.split())
    message["Date"], message["X-Topic-Arn"] = format_datetime(clock.now()), topic
    message.set_content(text)
    folder = runtime.home() / "outbox"
    with _LOCK:
        folder.mkdir(parents=True, exist_ok=True)
        number = len(list(folder.glob("*.eml"))) + 1
        partial = folder / f"{number:04}.partial"
        partial.write_bytes(message.as_bytes())
        partial.rename(folder / f"{number:04}.eml")


def read(home: Path) -> list[Mail]:
    """Return the e-mails of an embedded AWS's folder, oldest first."""
    return [_read(file) for file in sorted((home / "outbox").glob("*.eml"))]


def _read(file: Path) -> Mail:
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    body = message.get_body()
    moment = parsedate_to_datetime(message["Date"]).astimezone(UTC)
    text = body.get_content() if body else ""
    return Mail(file, str(message["To"]), str(message["Subject"]), text, f"{moment:%Y-%m-%d %H:%M:%S}")
