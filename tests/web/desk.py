"""The desk as the tests of its pages use it: an application with accounts, and somebody with a browser."""

import re
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from survey.db import Database
from survey.domain.account import Account
from tests.field import Clock

PASSWORD = "seven green bicycles"
OTHER_PASSWORD = "nine blue umbrellas"


@dataclass(slots=True)
class Desk:
    """An application with one account of each role, and a clock."""

    app: Flask
    db: Database
    clock: Clock
    people: dict[str, Account]

    def visitor(self) -> "Visitor":
        """A browser that was never here."""
        return Visitor(self.app.test_client())

    def signed_in(self, role: str = "organiser") -> "Visitor":
        """A browser in which the account of this role is signed in."""
        visitor = self.visitor()
        assert visitor.sign_in(role).status_code == 303
        return visitor


@dataclass(slots=True)
class Visitor:
    """Somebody with a browser, who reads English."""

    client: FlaskClient
    base_url: str = "http://localhost"

    def get(self, path: str, language: str = "en") -> TestResponse:
        """Open a page."""
        return self.client.get(path, base_url=self.base_url, headers={"Accept-Language": language})

    def post(self, path: str, language: str = "en", **fields: Any) -> TestResponse:
        """Send a form with the token that the pages of this session carry."""
        fields = {"csrf_token": self.csrf_token()} | fields
        return self.client.post(
            path, base_url=self.base_url, data=fields, headers={"Accept-Language": language, "Referer": ""}
        )

    def csrf_token(self) -> str:
        """The token in any of our forms."""
        page = self.get("/desk/account")
        page = page if page.status_code == 200 else self.get("/desk/sign-in")
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert found, page.text[:500]
        return found[1]

    def sign_in(self, name: str | bytes, password: str = PASSWORD, **fields: Any) -> TestResponse:
        """Fill in the form."""
        return self.post("/desk/sign-in", name=name, password=password, **fields)

    @property
    def is_signed_in(self) -> bool:
        """Whether one's own page opens."""
        return self.get("/desk/account").status_code == 200

    def cookies(self) -> dict[str, str]:
        """name -> value"""
        return {cookie.key: cookie.value for cookie in (self.client._cookies or {}).values()}

    def session(self, app: Flask) -> dict[str, Any]:
        """What the session cookie holds, which anybody with the browser can read."""
        serializer = SecureCookieSessionInterface().get_signing_serializer(app)
        assert serializer is not None
        return dict(serializer.loads(self.cookies()["minsheng"]))
