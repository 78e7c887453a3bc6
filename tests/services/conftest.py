"""An opened wave for each test of a service."""

from collections.abc import Iterator

import pytest

from tests.field import Field, open_field


@pytest.fixture
def field(database_url: str) -> Iterator[Field]:
    """An opened wave; the test runs once for each engine."""
    opened = open_field(database_url)
    yield opened
    opened.db.close()
