"""The application, assembled: read this file like a table of contents."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from flask import Flask

from survey.config import Settings
from survey.db import Database, Unavailable
from survey.services.catalogue import Catalogue
from survey.services.installation import check_installation
from survey.services.pressure import Pressure
from survey.web import areas, assets, errors, health, languages, openapi, problem_texts, security
from survey.web.area_names import area_name
from survey.web.desk import register as desk
from survey.web.office import Office, utc_now
from survey.web.resident import letter_thanks, letters
from survey.web.resident import views as resident
from survey.web.resident.page import inline_style
from survey.web.tablet import register as tablet
from survey.web.text_size import large_text

ROOT = Path(__file__).parent.parent


def create_app(settings: Settings, now: Callable[[], datetime] = utc_now) -> Flask:
    """One application over one database. `now` is its clock."""
    app = Flask(__name__, static_folder=None, template_folder=str(ROOT / "templates"))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        TRUSTED_HOSTS=settings.trusted_hosts,
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        MAX_FORM_MEMORY_SIZE=settings.max_body_bytes,
        MAX_FORM_PARTS=500,
    )
    db = Database(settings.database_url)
    with suppress(Unavailable):  # a database that is away now may be back in a moment; until then pages say so
        check_installation(db, settings)
    app.extensions["minsheng"] = Office(settings, db, Catalogue(db), now, Pressure(db, settings.forms_at_once))
    languages.init_app(app, settings.translations)
    assets.init_app(app)
    security.init_app(app)
    errors.init_app(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals |= {
        "problem_text": problem_texts.problem_text,
        "area_name": area_name,
        "public_style": inline_style,
        "large_text": large_text,
    }
    app.register_blueprint(health.blueprint)
    app.register_blueprint(areas.blueprint)
    app.register_blueprint(openapi.blueprint)
    app.register_blueprint(resident.blueprint)
    app.register_blueprint(letters.blueprint)
    app.register_blueprint(letter_thanks.blueprint)
    desk.init_app(app)
    tablet.init_app(app)
    return app
