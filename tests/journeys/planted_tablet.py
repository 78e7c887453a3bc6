"""Servers whose tablets get an app with one fault each, to prove that the journeys find it:
`tests.journeys.planted_tablet:NAME()`."""

import os
import shutil
from pathlib import Path

from flask import Flask, Response

from survey.app import create_app
from survey.config import read_settings
from survey.web import assets
from tests.tablet.node import changed


def _with(file: str, old: str, new: str) -> Flask:
    """The application over a copy of static/ in which one file is different, so that its digest is, too."""
    folder = shutil.copytree(assets._FOLDER, Path(os.environ["MINSHENG_HOME"]) / f"static-{os.getpid()}")
    (folder / file).write_text(changed((folder / file).read_text("utf-8"), old, new), "utf-8")
    assets._FOLDER = folder
    return create_app(read_settings())


def saved_before_it_is() -> Flask:
    """Saved is said while the record itself still waits for its transaction."""
    return _with(
        "tablet/outbox.mjs",
        '    parts.put("outbox", keyOf(entry), entry);\n    await alsoWrite',
        '    setTimeout(() => db.write(({ put }) => put("outbox", keyOf(entry), entry)), 50);\n    await alsoWrite',
    )


def erased_before_the_receipt() -> Flask:
    """What is about to be sent leaves the outbox."""
    kept = 'if (entry.state === "waiting") putAs(parts, entry, "frozen");'
    return _with("tablet/sync.mjs", kept, 'parts.remove("outbox", keyOf(entry));')


def one_copy_only() -> Flask:
    """The second copy of the tablet's memory is left out."""
    return _with("tablet/two_copies.mjs", "if (!second) return first;", "return first;")


def drafts_in_the_clear() -> Flask:
    """A draft is written as it is."""
    return _with("tablet/drafts.mjs", "const box = await encryptDraft(draftKey, content);", "const box = content;")


def records_with_their_content() -> Flask:
    """The sealed record has its content beside it."""
    sealed = "key: key.id, sealed, digest,"
    return _with("tablet/outbox.mjs", sealed, f"{sealed} record,")


def forms_that_are_remembered() -> Flask:
    """The browser may keep what is typed, for when it opens its tabs again."""
    app = create_app(read_settings())

    @app.after_request
    def remembered(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.set_data(response.get_data(as_text=True).replace('autocomplete="off"', 'autocomplete="on"'))
        return response

    return app


def another_release() -> Flask:
    """The same app, but for a comment: a release with other addresses."""
    return _with("tablet/words.mjs", "// A dialog of yes or no.", "// A dialog of yes or no, as it was.")
