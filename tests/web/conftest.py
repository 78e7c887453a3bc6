"""Opened waves for the tests of the pages; each test runs once for each engine."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.field import Field, open_field


@pytest.fixture
def new_field(database_url: str) -> Iterator[Callable[..., Field]]:
    """Opens a wave of its own shape: `new_field(plan=…, questionnaire=…)`."""
    with ExitStack() as fields:

        def make(**shape: Any) -> Field:
            field = open_field(database_url, **shape)
            fields.callback(field.close)
            return field

        yield make


@pytest.fixture
def field(new_field: Callable[..., Field]) -> Field:
    """An opened wave."""
    return new_field()
