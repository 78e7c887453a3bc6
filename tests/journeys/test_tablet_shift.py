"""How a shift begins: what the storage of the tablet is worth is said before a point is taken."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.volunteer import Square, Volunteer

PLENTY, LITTLE = 200_000_000, 12_000_000

# What a browser says of its storage; the tests' own one tells every site the same.
_PROMISES = """
navigator.storage.persisted = navigator.storage.persist = async () => %s;
navigator.storage.estimate = async () => ({ quota: %s, usage: 0 });
"""


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("size", [PLENTY, LITTLE])
def test_what_the_storage_is_worth_is_said_where_a_point_is_taken(
    tablet_of: Callable[..., Volunteer], square: Square, kept: bool, size: int
) -> None:
    volunteer = tablet_of(square)
    page = volunteer.page
    page.add_init_script(_PROMISES % (str(kept).lower(), size))
    volunteer.enrol()
    volunteer.sign_in()
    volunteer.at("take")
    expect(page.locator("[data-not-persisted]")).to_be_visible(visible=not kept)
    expect(page.locator("[data-low]")).to_be_visible(visible=size == LITTLE)
    expect(page.locator("#notices")).not_to_contain_text("The storage of this tablet is full.")


def test_without_room_for_a_shift_the_tablet_says_so_before_a_point_is_taken(
    tablet_of: Callable[..., Volunteer], square: Square
) -> None:
    volunteer = tablet_of(square)
    volunteer.limit_storage(3_000_000)
    volunteer.enrol()
    volunteer.sign_in()
    volunteer.at("take")
    expect(volunteer.page.locator("#notices")).to_contain_text("The storage of this tablet is full.")
