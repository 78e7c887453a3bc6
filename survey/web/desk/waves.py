"""The wave pages: the list, one wave's progress and rates, its neighbourhoods; opening and closing it."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from survey.domain.problems import Invalid
from survey.services.catalogue import NotFound
from survey.services.move_wave import close_wave, open_wave
from survey.services.read_wave import wave_list
from survey.services.report_wave import WaveResults, report_wave
from survey.web.desk.access import roles
from survey.web.desk.wave_view import NeighbourhoodList, WaveView
from survey.web.languages import translate
from survey.web.office import office
from survey.web.problem_texts import problem_text

blueprint = Blueprint("desk_waves", __name__, url_prefix="/desk")


@blueprint.get("/")
@roles("organiser", "analyst")
def list_waves() -> str:
    """Every wave, the newest first."""
    return render_template("desk/waves.html", waves=wave_list(office().db), now=office().now())


@blueprint.get("/waves/<code>")
@roles("organiser", "analyst")
def show(code: str) -> str:
    """One wave: progress, quotas, rates by district, the neighbourhoods at risk."""
    return render_template("desk/wave.html", view=WaveView(_results(code)))


@blueprint.get("/waves/<code>/neighbourhoods")
@roles("organiser", "analyst")
def neighbourhoods(code: str) -> str:
    """Every neighbourhood of a wave with its flag and the reason, filtered by indicator, district and flag."""
    view = WaveView(_results(code))
    chosen = NeighbourhoodList.chosen(
        view,
        indicator=request.args.get("indicator", ""),
        mode=request.args.get("mode", ""),
        district=request.args.get("district", ""),
        flag=request.args.get("flag", ""),
    )
    return render_template("desk/neighbourhoods.html", view=view, chosen=chosen)


@blueprint.post("/waves/<code>/open")
@roles("organiser")
def open_(code: str) -> BaseResponse:
    """Let a draft take answers."""
    return _moved(code, lambda: open_wave(office().db, code), translate("The wave is open."))


@blueprint.post("/waves/<code>/close")
@roles("organiser")
def close(code: str) -> BaseResponse:
    """Close an open wave, if its code was typed."""
    if request.form.get("confirm", "").strip() != code:
        flash(translate("The wave was not closed: type its code to confirm."), "error")
        return redirect(url_for(".show", code=code), code=303)
    return _moved(code, lambda: close_wave(office().db, code, office().now()), translate("The wave is closed."))


def _moved(code: str, move: Callable[[], object], done: str) -> BaseResponse:
    try:
        move()
        flash(done)
    except NotFound:
        abort(404)
    except Invalid as refused:
        for problem in refused.problems:
            flash(problem_text(problem), "error")
    return redirect(url_for(".show", code=code), code=303)


def _results(code: str) -> WaveResults:
    try:
        return report_wave(office().db, office().catalogue, code, office().now())
    except NotFound:
        abort(404)
