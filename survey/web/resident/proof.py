"""What a form has to show before it is taken while its point is under attack (domain/stuffing.py says what and when).

A form that lacks it comes back with everything in it, told how much work is asked; the page's script does the work and
sends again by itself, and without a script the form is taken a minute later. Nothing else changes for whoever fills it
in: what is wrong with the answers is said first, and a form that was stored already gets its receipt again.
"""

from dataclasses import replace
from datetime import datetime

from survey.domain.fieldwork import Point
from survey.domain.problems import Invalid, Problem
from survey.domain.stuffing import WAIT, WorkAsked, bits_for, proof_given
from survey.domain.submission import Proof
from survey.domain.wave import Mode
from survey.services.receive_submission import check_submission, is_stored
from survey.web.office import office
from survey.web.page_token import write_token
from survey.web.resident.device import earlier_forms
from survey.web.resident.incoming import Action, Incoming


def work_for_page(point: Point, now: datetime) -> WorkAsked | None:
    """What a page that is given out now asks of its device."""
    bits = _bits(point, earlier_forms(point), now)
    return WorkAsked(bits, now) if bits else None


def with_proof(point: Point, incoming: Incoming) -> Incoming:
    """The form with what is known of its device and its proof; with problems where more is to be done first."""
    now, earlier = office().now(), earlier_forms(point)
    proof = None
    if incoming.action in {Action.SEND, Action.STOP}:  # who sends no answers is asked for nothing
        proof = _proof(incoming, bits := _bits(point, earlier, now), now)
        if proof is None and bits and not is_stored(office().db, incoming.token.submission_id):
            try:
                check_submission(office().door, incoming.submission(now))
            except Invalid as refused:
                return incoming.with_problems(refused.problems)
            asked = incoming.token.asked or WorkAsked(bits, now)
            told = replace(incoming, token=replace(incoming.token, asked=asked))
            return told.with_problems((Problem("work_missing", "work"),))
    return replace(incoming, earlier_forms=earlier, proof=proof)


def work_json(incoming: Incoming) -> dict[str, object] | None:
    """What a program is told beside the problem; None where no work is missing. It may send the page's own token again
    with `work`, or the one that it is given here, which it then works with, or waits a minute with."""
    asked = incoming.token.asked
    if asked is None or all(problem.code != "work_missing" for problem in incoming.problems):
        return None
    return {
        "bits": asked.bits,
        "seconds": int(WAIT.total_seconds()),
        "token": write_token(office().settings.secret_key, incoming.token),
    }


def _bits(point: Point, earlier: int, now: datetime) -> int:
    if point.mode == Mode.SAMPLED:
        return 0  # each letter's code is spent once
    pressure = office().pressure
    return bits_for(pressure.forms_at(point.code, now), earlier, pressure.limit)


def _proof(incoming: Incoming, bits: int, now: datetime) -> Proof | None:
    asked = incoming.token.asked
    if not bits and asked is None:
        return None
    text = write_token(office().settings.secret_key, incoming.token)
    return proof_given(text, incoming.work, asked, bits, now)
