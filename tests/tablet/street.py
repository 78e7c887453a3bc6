"""What a tablet meets in the street: a small server that answers as ours does, or lies, or breaks off in mid-sentence.

It serves the files of static/ as they are, or with a planted fault, in one or more releases under digests of their own.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.tablet.node import STATIC, changed

Json = dict[str, Any]
A, B = "a" * 16, "b" * 16
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'"
SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
PORTAL = b"<!doctype html><title>Wi-Fi</title><h1>Welcome to the market hall</h1>"


@dataclass
class Street:
    """The server's side: what it has, and how it answers the next requests that are sent to it."""

    url: str = ""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    records: dict[str, list[str]] = field(default_factory=dict)  # the sealed texts under each id, the first one first
    received: list[Json] = field(default_factory=list)  # every record of every request, in order
    requests: list[tuple[str, str]] = field(default_factory=list)
    pings: list[Json] = field(default_factory=list)
    turns: dict[str, Json] = field(default_factory=dict)
    release: str = A
    lagging: str = ""  # the release of pages and files, where another process of the server is older than the worker's
    faults: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)  # (release, file): (old, new)
    mood: str = "well"  # how sendings are answered
    portal: bool = False  # whether everything is answered by somebody else
    lie: Json = field(default_factory=dict)  # what is wrong in the answer to a ping
    away: tuple[int, str] | None = None  # the status and code with which pings are turned away
    held: threading.Event = field(default_factory=threading.Event)  # the mood "held" answers when this is set
    arrived: threading.Event = field(default_factory=threading.Event)  # a sending has been read
    gone: set[str] = field(default_factory=set)  # pages that are no more

    def plant(self, release: str, name: str, old: str, new: str) -> None:
        """From now on this file of this release is served with a fault."""
        self.faults.setdefault((release, name), []).append((old, new))

    def file(self, release: str, name: str) -> bytes:
        """A file of static/ as this release has it."""
        source = (STATIC / name).read_text("utf-8")
        for old, new in self.faults.get((release, name), []):
            source = changed(source, old, new)
        return source.encode()

    def page(self, title: str) -> bytes:
        """A page of the present release."""
        release = self.lagging or self.release
        head = f'<title>{title}</title><link rel="modulepreload" href="/static/{release}/tablet/bytes.mjs">'
        return f"<!doctype html>{head}<p>{title} {release}</p>".encode()

    def worker(self) -> bytes:
        """The present release's service worker, as the server writes it."""
        folders = [STATIC / "instrument", STATIC / "tablet"]
        files = sorted(path.relative_to(STATIC).as_posix() for each in folders for path in each.glob("*.mjs"))
        told = {
            "digest": self.release,
            "shell": ["/tablet/?lang=zh-Hans", "/tablet/?lang=en"],
            "assets": [f"/static/{self.release}/{name}" for name in files],
        }
        source = f"/static/{self.release}/tablet/worker.mjs"
        return f'import {{ serve }} from "{source}"; serve(self, {json.dumps(told)});'.encode()

    def assignment(self) -> Json:
        """As much of an assignment as sealing needs."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        key = {"id": 7, "public": base64.b64encode(point).decode()}
        return {"id": "6f0d7c4e-0000-4000-8000-000000000001", "wave": "q4-2026", "key": key}

    def opened(self, record: str) -> Json:
        """The content of the first record that was stored under an id."""
        info = f"minsheng record q4-2026 {record}".encode()
        content: Json = json.loads(SUITE.decrypt(base64.b64decode(self.records[record][0]), self.key, info))
        return content

    def receive(self, record: Json) -> Json:
        """Store a record, and what is said about it."""
        kept = self.records.setdefault(record["id"], [])
        repeated, first = record["sealed"] in kept, not kept
        if not repeated:
            kept.append(record["sealed"])
        outcome, status = ("repeated", 200) if repeated else ("stored", 201) if first else ("conflict", 409)
        digest = hashlib.sha256(record["sealed"].encode()).hexdigest()
        return {"id": record["id"], "digest": digest, "status": status, "outcome": outcome, "disposition": "complete"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name in the standard library)
        """Silence."""

    @property
    def street(self) -> Street:
        return self.server.street

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.street.requests.append(("GET", self.path))
        if self.street.portal:
            return self.say(200, PORTAL, "text/html")
        if path.startswith("/static/"):
            _, _, release, name = path.split("/", 3)
            present = self.street.lagging or self.street.release
            kept = "public, max-age=31536000, immutable" if release == present else "no-cache"
            return self.say(200, self.street.file(present, name), "text/javascript", kept)
        if path == "/tablet/worker.mjs":
            return self.say(200, self.street.worker(), "text/javascript", "no-cache")
        if path == "/tablet/areas/1.json":
            return self.say(200, b'{"51":[["5116","\xe5\xb2\xb3","Yue"]]}', "application/json")
        if path in self.street.gone or not path.startswith("/tablet/"):
            return self.say(404, b"gone", "text/plain")
        return self.say(200, self.street.page(path), "text/html")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.street.requests.append(("POST", self.path))
        if self.street.portal:
            return self.say(200, PORTAL, "text/html")
        if self.path == "/tablet/ping":
            self.street.pings.append(body)
            if self.street.away:
                status, code = self.street.away
                return self.tell({"problems": [{"field": "", "code": code, "message": ""}]}, status)
            told = {"nonce": body["nonce"], "server_time": datetime.now(UTC).isoformat(), "label": "平板 3"}
            return self.tell({"service": "minsheng-tablet"} | told | self.street.lie)
        if self.path == "/tablet/turns":
            if any(turn["assignment"] == "foreign" for turn in body["turns"]):
                return self.tell(_TROUBLE, 422)
            self.street.turns |= {turn["id"]: turn for turn in body["turns"]}
            return self.tell({"turns": [turn["id"] for turn in body["turns"]]})
        self.street.received += body["records"]
        _MOODS[self.street.mood](self, body["records"])
        return None

    def receipts(self, records: list[Json]) -> Json:
        return {"results": [self.street.receive(record) for record in reversed(records)]}

    def tell(self, told: object, status: int = 200, **headers: str) -> None:
        self.say(status, json.dumps(told).encode(), "application/json", "no-store", **headers)

    def say(self, status: int, content: bytes, kind: str, kept: str = "no-store", **headers: str) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Cache-Control": kept,
            "Content-Security-Policy": POLICY,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def cut(self, records: list[Json]) -> None:
        """All is stored; of the receipt one half arrives."""
        content = json.dumps(self.receipts(records)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.close_connection = True

    def hang_up(self, _: list[Json]) -> None:
        """Not a word."""
        self.close_connection = True

    def hold(self, records: list[Json]) -> None:
        """All is stored; the receipt comes when somebody lets it."""
        told = self.receipts(records)
        self.street.arrived.set()
        self.street.held.wait(60)
        self.tell(told)

    def upset(self, records: list[Json]) -> None:
        """One kind of record makes the server fall over."""
        if any(record["sealed"] in self.street.records.get("poison", []) for record in records):
            self.tell({"problems": [{"field": "", "code": "internal", "message": ""}]}, 500)
        else:
            self.tell(self.receipts(records))

    def conflict(self, records: list[Json]) -> None:
        """Somebody else's record has each of these ids."""
        for record in records:
            self.street.records[record["id"]] = ["b3RoZXI="]
        self.tell(self.receipts(records))

    def refuse(self, records: list[Json]) -> None:
        problems = [{"field": "sealed", "code": "unreadable", "message": "It cannot be opened."}]
        self.tell({"results": [{"id": record["id"], "status": 422, "problems": problems} for record in records]})

    def mislead(self, records: list[Json], **lie: object) -> None:
        """A receipt for something else; nothing is stored."""
        hashes = [hashlib.sha256(record["sealed"].encode()).hexdigest() for record in records]
        true = [
            {"id": r["id"], "digest": h, "status": 201, "outcome": "stored"}
            for r, h in zip(records, hashes, strict=True)
        ]
        self.tell({"results": [one | lie for one in true]})


_TROUBLE: Json = {"problems": [{"field": "", "code": "busy", "message": ""}]}
_MOODS: dict[str, Any] = {
    "well": lambda it, records: it.tell(it.receipts(records)),
    "cut": _Handler.cut,
    "held": _Handler.hold,
    "upset": _Handler.upset,
    "conflict": _Handler.conflict,
    "refusing": _Handler.refuse,
    "busy": lambda it, _: it.tell(_TROUBLE, 503, Retry_After="7"),
    "broken": lambda it, _: it.tell(_TROUBLE, 500),
    "too large": lambda it, _: it.tell(_TROUBLE, 413),
    "revoked": lambda it, _: it.tell({"problems": [{"field": "", "code": "device_revoked", "message": ""}]}, 403),
    "portal": lambda it, _: it.say(200, PORTAL, "text/html"),
    "portal that says json": lambda it, _: it.say(200, PORTAL, "application/json"),
    "redirect": lambda it, _: it.say(302, b"", "text/html", Location="/tablet/areas/1.json"),
    "empty": lambda it, _: it.say(200, b"", "application/json"),
    "null": lambda it, _: it.tell(None),
    "other json": lambda it, _: it.tell({"ok": True}),
    "no results": lambda it, _: it.tell({"results": [None, 7, {}]}),
    "wrong digest": lambda it, records: it.mislead(records, digest="0" * 64),
    "no digest": lambda it, records: it.mislead(records, digest=None),
    "wrong id": lambda it, records: it.mislead(records, id="6f0d7c4e-0000-4000-8000-00000000ffff"),
    "wrong status": lambda it, records: it.mislead(records, status=202),
    "hung up": _Handler.hang_up,
}
MOODS = frozenset(_MOODS)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, street: Street) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.street = street

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up is what some tests are about."""


@contextmanager
def open_street() -> Iterator[Street]:
    """The server, until the test is over."""
    street = Street()
    server = _Server(street)
    street.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield street
    finally:
        street.held.set()
        server.shutdown()
        server.server_close()
