"""What a tablet takes along: volunteers, waves with their points, and an assignment, as the JSON that it keeps.

Names are sent in both languages, for the tablet speaks either one without a network.
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from survey.config import OFFICE_ZONE
from survey.domain.fieldwork import Point
from survey.domain.frame import Frame
from survey.domain.margins import eligible_codes
from survey.domain.pin import ITERATIONS
from survey.domain.questionnaire import Questionnaire
from survey.domain.quota import CellKey
from survey.domain.shift import Part, Shift, shifts_from
from survey.domain.wave import Mode
from survey.domain.wave_json import plan_from_json
from survey.services.grant_slots import Outing
from survey.services.list_offers import Offers
from survey.web.area_names import area_name
from survey.web.desk.words import PLACES
from survey.web.languages import LANGUAGES, N_, words
from survey.web.office import office

Json = dict[str, object]
Gettext = Callable[[str], str]

PARTS = {Part.MORNING: N_("morning"), Part.AFTERNOON: N_("afternoon"), Part.EVENING: N_("evening")}


def offers_json(offers: Offers, now: datetime) -> Json:
    """Who can sign in, where one can go, and when."""
    return {
        "volunteers": [
            {"id": one.id, "name": one.name, "salt": one.salt, "iterations": ITERATIONS, "verifier": one.verifier}
            for one in offers.volunteers
        ],
        "waves": [
            {
                "code": each.wave.code,
                "title": plan_from_json(each.wave.plan).title,
                "closes_at": each.wave.closes_at.isoformat(),
                "points": [
                    point_json(offer.point, each.frame) | {"free": offer.free, "taken": offer.taken}
                    for offer in each.points
                ],
            }
            for each in offers.waves
        ],
        "shifts": [
            {"code": shift.code, "name": _in_each_language(partial(_shift_name, shift))}
            for shift in shifts_from(now, ZoneInfo(OFFICE_ZONE))
        ],
        "server_time": now.isoformat(),
    }


def outing_json(outing: Outing, now: datetime) -> Json:
    """An assignment with its grant, and what the tablet must know of the wave to work alone."""
    catalogue = office().catalogue
    ground = catalogue.ground(outing.wave.id)
    questionnaire = catalogue.questionnaire(outing.wave.questionnaire_code, outing.wave.questionnaire_version)
    protocol = ground.plan.protocol
    keys = {cell_id: key for key, cell_id in ground.cells.items()}
    own = {cell_id: key for cell_id, key in keys.items() if _in_reach(key, outing.point)}
    granted = {slot.cell_id: slot for slot in outing.slots}
    return {
        "id": str(outing.assignment.id),
        "wave": outing.wave.code,
        "title": ground.plan.title,
        "closes_at": outing.wave.closes_at.astimezone(UTC).isoformat(),
        "point": point_json(outing.point, ground.frame),
        "shift": outing.assignment.shift,
        "questionnaire": {"code": questionnaire.code, "version": questionnaire.version},
        "languages": list(questionnaire.languages),
        "frame": ground.frame_id,
        "key": {"id": outing.key_id, "public": base64.b64encode(outing.public_key).decode("ascii")},
        "every": protocol.every if outing.point.mode == Mode.INTERCEPT else 1,
        "observe": list(protocol.observe),
        "observed": _observable(questionnaire, protocol.observe),
        "ask_place": protocol.place,
        "renewals": outing.assignment.renewals,
        "ended": outing.assignment.ended_at is not None,
        "grant": {
            "expires_at": outing.assignment.expires_at.astimezone(UTC).isoformat(),
            "cells": [
                _cell_json(cell_id, key, questionnaire)
                | {
                    "slots": granted[cell_id].slots if cell_id in granted else 0,
                    "used": granted[cell_id].used if cell_id in granted else 0,
                    "returned": granted[cell_id].returned if cell_id in granted else 0,
                }
                for cell_id, key in sorted(own.items())
            ],
        },
        "server_time": now.isoformat(),
    }


def point_json(point: Point, frame: Frame) -> Json:
    """A point by its number, neighbourhood and kind of place."""
    area = frame.areas[point.area_code]
    return {
        "code": point.code,
        "number": point.number,
        "name": {language: area_name(area, language) for language in LANGUAGES},
        "place": _in_each_language(lambda gettext: gettext(PLACES[point.place_type])),
    }


def _in_reach(key: CellKey, point: Point) -> bool:
    return key.mode == point.mode and key.district == point.district_code


def _cell_json(cell_id: int, key: CellKey, questionnaire: Questionnaire) -> Json:
    items = {stratum.dimension: stratum.item for stratum in questionnaire.strata}
    texts = {
        dimension: next(
            (category.text for category in questionnaire.items[items[dimension]].categories if category.code == code),
            {},
        )
        for dimension, code in key.values
        if dimension in items
    }
    return {
        "cell": cell_id,
        "district": key.district,
        "items": {items[dimension]: code for dimension, code in key.values if dimension in items},
        "name": {
            language: " ".join(text.get(language) or next(iter(text.values()), "") for text in texts.values())
            for language in LANGUAGES
        },
    }


def _observable(questionnaire: Questionnaire, observe: tuple[str, ...]) -> Json:
    """What of somebody who refuses can be noted: the categories that make quota cells, by dimension."""
    codes = eligible_codes(questionnaire)
    items = {stratum.dimension: questionnaire.items[stratum.item] for stratum in questionnaire.strata}
    return {
        dimension: [
            {"code": category.code, "text": dict(category.text)}
            for category in items[dimension].categories
            if category.code in codes[dimension]
        ]
        for dimension in observe
        if dimension in items
    }


def _shift_name(shift: Shift, gettext: Gettext) -> str:
    day = shift.code.rpartition("-")[0]
    return f"{day} {gettext(PARTS[shift.part])}"


def _in_each_language(said: Callable[[Gettext], str]) -> dict[str, str]:
    return {language: said(words(language).gettext) for language in LANGUAGES}
