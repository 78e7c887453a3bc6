"""Codes in addresses that may be guessed: `guard_guess()` before one is looked up, `note_failure()` after it was wrong.

A flood of guesses closes no poster: `guard_poster()` lets through what is known to this process, and before it refuses
a code it learns those of all posters of open waves. Whoever answers a wrong code does so as if nothing were there: 404,
the same page, whatever was wrong with it.
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


def guard_poster(code: str) -> None:
    """The same for the code of a poster: those that exist are looked up also during a flood of others."""
    catalogue = office().catalogue
    if catalogue.knows_poster(code):
        return
    if limit_reached():
        catalogue.learn_posters(office().now())
        if catalogue.knows_poster(code):
            return
    guard_guess()


def note_failure() -> None:
    """The code that was looked up does not exist, or leads nowhere from here."""
    office().failures.note(office().now())
