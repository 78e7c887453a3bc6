"""A tablet as the server sees it: enrols, takes assignments, seals records and sends them, without a browser.

`post` and `get` are whatever carries requests: a Flask test client or a connection to a real server.
"""

import base64
import hashlib
import http.client
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Flask

from survey.services.sealing import seal

Json = dict[str, Any]
Carrier = Callable[[str, str, Json | None, Mapping[str, str]], tuple[int, Json]]


def through(app: Flask) -> Carrier:
    """Requests to an application in this process."""
    client = app.test_client()

    def carry(method: str, path: str, body: Json | None, headers: Mapping[str, str]) -> tuple[int, Json]:
        answer = client.open(path, method=method, json=body, headers=dict(headers) | {"Accept": "application/json"})
        return answer.status_code, answer.get_json(silent=True) or {}

    return carry


def over_network(url: str, timeout: float = 10) -> Carrier:
    """Requests to a real server, one connection each; status 0 where nothing came, or something that is not ours."""

    def carry(method: str, path: str, body: Json | None, headers: Mapping[str, str]) -> tuple[int, Json]:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout)
        content = b"" if body is None else json.dumps(body).encode()
        told = dict(headers) | {"Content-Type": "application/json", "Accept": "application/json"}
        try:
            connection.request(method, path, content, told)
            answer = connection.getresponse()
            text = answer.read()
            ours = answer.headers.get_content_type() == "application/json"
            return (answer.status, json.loads(text)) if ours else (0, {})
        except (OSError, http.client.HTTPException):
            return 0, {}
        finally:
            connection.close()

    return carry


@dataclass
class Tablet:
    """One tablet. `clock` is its own, which may be wrong."""

    carry: Carrier
    clock: Callable[[], datetime]
    id: str = field(default_factory=lambda: str(uuid4()))
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    outing: Json = field(default_factory=dict)
    turn: str = field(default_factory=lambda: str(uuid4()))
    made: int = 0

    def ask(self, method: str, path: str, body: Json | None = None, **headers: str) -> tuple[int, Json]:
        """One request in this tablet's name."""
        told = {"Authorization": f"Bearer {self.id}.{self.secret}", "Device-Time": self._now()} | headers
        return self.carry(method, f"/tablet{path}", body, told)

    def enrol(self, code: str) -> tuple[int, Json]:
        """Use a one-time code."""
        digest = hashlib.sha256(self.secret.encode()).hexdigest()
        return self.carry("POST", "/tablet/enrol", {"code": code, "device": self.id, "secret_digest": digest}, {})

    def take(self, point: str, shift: str, assignment: str | None = None) -> tuple[int, Json]:
        """Take an assignment; what comes back is kept as this tablet's outing."""
        body = {"id": assignment or str(uuid4()), "point": point, "shift": shift}
        status, told = self.ask("POST", "/assignments", body)
        if status in {200, 201}:
            self.outing = told
        return status, told

    def slots(self, **wishes: Any) -> tuple[int, Json]:
        """Give back, ask for more, end."""
        status, told = self.ask("POST", f"/assignments/{self.outing['id']}/slots", wishes)
        if status == 200:
            self.outing = told
        return status, told

    @property
    def free(self) -> dict[int, int]:
        """Cell -> slots that are neither used nor given back, as the server said last."""
        cells = self.outing["grant"]["cells"]
        return {cell["cell"]: cell["slots"] - cell["used"] - cell["returned"] for cell in cells}

    def content(self, answers: Mapping[str, object], **changes: Any) -> Json:
        """What is in a record, before sealing."""
        self.made += 1
        made: Json = {
            "format": 1,
            "id": str(uuid4()),
            "point": self.outing["point"]["code"],
            "questionnaire": self.outing["questionnaire"],
            "language": "zh-Hans",
            "finish": "finished",
            "answers": dict(answers),
            "reason": None,
            "observed": {},
            "assignment": self.outing["id"],
            "turn": self.turn,
            "volunteer": 1,
            "sequence": self.made,
            "passed": 5 * self.made,
            "handed_over": False,
            "started": self._now(-180),
            "ended": self._now(),
            "elapsed_ms": 180_000,
            "interruptions": 0,
            "clock_offset_ms": None,
            "timings": {},
            "place": None,
        }
        return made | changes

    def sealed(self, content: Json) -> Json:
        """The frozen envelope of a record."""
        public = base64.b64decode(self.outing["key"]["public"])
        text = json.dumps(content)
        wave = self.outing["wave"]
        return {
            "id": content["id"],
            "wave": wave,
            "key": self.outing["key"]["id"],
            "sealed": seal(text, public, wave, content["id"]),
        }

    def record(self, answers: Mapping[str, object], **changes: Any) -> Json:
        """A sealed record of these answers."""
        return self.sealed(self.content(answers, **changes))

    def send(self, record: Json) -> tuple[int, Json]:
        """Send one record."""
        return self.ask("POST", "/submissions", record)

    def send_all(self, *records: Json) -> tuple[int, Json]:
        """Send a batch."""
        return self.ask("POST", "/submissions/batch", {"records": list(records)})

    def _now(self, seconds: float = 0) -> str:
        moment = self.clock().astimezone(UTC) + timedelta(seconds=seconds)
        return moment.isoformat(timespec="milliseconds")
