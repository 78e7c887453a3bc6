"""The desk, assembled: its pages and the words its templates use."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from flask import Flask

from analysis.panels import tick_text
from analysis.risk import FlagKind
from survey.config import OFFICE_ZONE, VERSION
from survey.domain.account import Role
from survey.domain.allocation import Allocation
from survey.domain.disposition import Disposition
from survey.domain.fieldwork import Wave
from survey.domain.frame import Level
from survey.domain.frame_check import SumKind
from survey.domain.wave import WaveState
from survey.domain.wave_json import plan_from_json
from survey.web.desk import (
    access,
    account,
    accounts,
    fieldwork,
    frames,
    language,
    letters,
    paper,
    planning,
    points,
    questionnaires,
    sign_in,
    tablets,
    waves,
)
from survey.web.desk.words import FLAG_SHAPES, FLAGS, LEVELS, MODES, PLACES, RULES, STATES, SUMS, chance_text
from survey.web.languages import text_of, translate
from survey.web.office import office

K = TypeVar("K")


def init_app(app: Flask) -> None:
    """Give the application its desk."""
    access.init_app(app)
    modules = (
        sign_in,
        waves,
        fieldwork,
        points,
        letters,
        paper,
        frames,
        questionnaires,
        planning,
        account,
        accounts,
        tablets,
        language,
    )
    for module in modules:
        app.register_blueprint(module.blueprint)
    app.jinja_env.globals |= {
        "local_time": local_time,
        "wave_title": wave_title,
        "state_name": lambda state: _name(STATES, WaveState(state).value),
        "mode_name": lambda mode: _name(MODES, mode),
        "place_name": lambda place: _name(PLACES, place),
        "level_name": lambda level: _name(LEVELS, Level(level)),
        "rule_name": lambda rule: _name(RULES, Allocation(rule)),
        "sum_name": lambda kind: _name(SUMS, SumKind(kind)),
        "flag_word": lambda kind: f"{FLAG_SHAPES[FlagKind(kind)]} {_name(FLAGS, FlagKind(kind))}",
        "basis_text": basis_text,
        "tick_text": tick_text,
        "chance_text": chance_text,
        "disposition_kinds": tuple(Disposition),
        "desk_sections": desk_sections,
        "code_version": VERSION,
    }
    app.context_processor(lambda: {"public_url": office().settings.public_url})


def local_time(moment: datetime) -> str:
    """A moment as the office's clock shows it."""
    return moment.astimezone(ZoneInfo(OFFICE_ZONE)).strftime("%Y-%m-%d %H:%M")


def wave_title(wave: Wave) -> str:
    """A wave's title in the page's language."""
    return text_of(plan_from_json(wave.plan).title)


def basis_text(mode: str) -> str:
    """What the estimates of a mode rest on, in a sentence."""
    if mode == "open_qr":
        return translate(
            "Modelled intervals: people chose themselves to answer, so these rates stand apart from the sample's."
        )
    if mode == "sampled":
        return translate(
            "Intervals over the areas that letters went to: districts are strata, weights are post-stratified to the "
            "census. Households that did not answer are taken to be like those that did."
        )
    return translate(
        "Intervals over points: districts are strata, collection points are units as if drawn, weights are "
        "post-stratified to the census."
    )


def desk_sections() -> list[tuple[str, str]]:
    """(endpoint, name) of the desk's sections that the account may see."""
    signed_in = access.account_or_none()
    sections = [
        ("desk_waves.list_waves", translate("Waves")),
        ("desk_questionnaires.show", translate("Questionnaires")),
        ("desk_frames.show", translate("Sampling frames")),
    ]
    if signed_in is not None and signed_in.role is Role.ORGANISER:
        sections += [("desk_tablets.show", translate("Tablets")), ("desk_accounts.show", translate("Accounts"))]
    return sections if signed_in is not None and signed_in.role is not Role.VOLUNTEER else []


def _name(words: Mapping[K, str], key: K) -> str:
    return translate(words[key])
