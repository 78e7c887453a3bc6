"""Codes in addresses that may be guessed: `guard_guess()` before one is looked up, `note_failure()` after it was wrong.

What is already known to this process is served without asking here, so a flood of guesses closes no poster that
somebody has scanned since the start. Whoever answers a wrong code does so as if nothing were there: 404, the same page,
whatever was wrong with it.
"""

from werkzeug.exceptions import TooManyRequests

from survey.web.office import office


def guard_guess() -> None:
    """Go on to look a code up, or answer 429 with Retry-After where too many were wrong just now."""
    if wait := limit_reached():
        raise TooManyRequests(retry_after=wait)


def limit_reached() -> int:
    """The seconds for which nothing more is looked up, because too many codes were wrong just now; 0: go on."""
    return office().failures.wait(office().now())


def note_failure() -> None:
    """The code that was looked up does not exist, or leads nowhere from here."""
    office().failures.note(office().now())
