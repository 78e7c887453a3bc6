"""The entry for gunicorn: builds the application, nothing else."""

from survey.app import create_app
from survey.config import read_settings

app = create_app(read_settings())
