"""The tablet's part of the application, assembled."""

from flask import Flask

from survey.web.tablet import fieldwork, pages, submissions


def init_app(app: Flask) -> None:
    """Give the application its tablets."""
    for module in (pages, fieldwork, submissions):
        app.register_blueprint(module.blueprint)
