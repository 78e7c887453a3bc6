"""The wave pages: the list, one wave's progress and rates, its neighbourhoods; opening and closing it."""

from collections.abc import Callable

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from analysis.figure_frame import as_json
from analysis.palette import ThemeName
from analysis.small_area.forecast import Evaluation
from survey.domain.problems import Invalid
from survey.services.catalogue import NotFound
from survey.services.compare_rates import compare_definitions, compare_modes
from survey.services.move_wave import close_wave, open_wave
from survey.services.neighbourhoods import MIN_ANSWERS, outlooks, place_next
from survey.services.read_wave import wave_list
from survey.services.report_wave import WaveResults, report_wave
from survey.services.review_quality import review_quality
from survey.web.desk.access import roles
from survey.web.desk.comparison_view import definition_tables, gap_lines, model_lines
from survey.web.desk.quality_view import QualityView
from survey.web.desk.risk_view import RiskView, RiskWishes
from survey.web.desk.wave_view import AreaList, WaveView
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


@blueprint.get("/waves/<code>/areas")
@roles("organiser", "analyst")
def areas(code: str) -> Response:
    """The streets or neighbourhoods of a wave with their flags and reasons, filtered."""
    view = WaveView(_results(code))
    chosen = _chosen_areas(view)
    response = Response(render_template("desk/areas.html", view=view, chosen=chosen))
    # The chart's script styles what it draws, which the usual policy forbids.
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
        "style-src 'self' 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return response


@blueprint.get("/waves/<code>/areas.json")
@roles("organiser", "analyst")
def areas_chart(code: str) -> Response:
    """The same areas as an interactive figure."""
    view = WaveView(_results(code))
    theme: ThemeName = "dark" if request.args.get("theme") == "dark" else "light"
    width = request.args.get("width", 960, type=int)
    figure = view.caterpillar(_chosen_areas(view), theme=theme, width=min(max(width, 280), 1600))
    return Response(as_json(figure), mimetype="application/json")


@blueprint.get("/waves/<code>/comparisons")
@roles("organiser", "analyst")
def comparisons(code: str) -> str:
    """The same answers under other definitions of a rate, and by the other modes."""
    here = office()
    view = WaveView(_results(code))
    tables = definition_tables(view, compare_definitions(here.db, here.catalogue, code))
    modes = compare_modes(here.db, here.catalogue, code, view.headline_mode) if view.has_open_answers else ()
    return render_template(
        "desk/comparisons.html", view=view, tables=tables, gaps=gap_lines(view, modes), models=model_lines(view, modes)
    )


@blueprint.get("/waves/<code>/risk")
@roles("organiser", "analyst")
def risk(code: str) -> str:
    """The neighbourhoods on one indicator: who is at risk, places, outlook, change, and what to ask next."""
    here, results = office(), _results(code)
    view, wishes = WaveView(results), RiskWishes.of(request.args)
    found = results.neighbourhoods.get(wishes.indicator) or next(iter(results.neighbourhoods.values()), None)
    if found is None:
        return render_template("desk/risk.html", view=view, shown=None)
    evaluation = Evaluation(wishes.evaluation, wishes.deff)
    worked = outlooks(here.db, here.catalogue, results.wave, found, results.earlier, evaluation)
    placement = place_next(results.neighbourhoods, wishes.interviews)
    shown = RiskView(view, found, worked, wishes)
    return render_template("desk/risk.html", view=view, shown=shown, placement=placement, least_answers=MIN_ANSWERS)


@blueprint.get("/waves/<code>/quality")
@roles("organiser", "analyst")
def quality(code: str) -> str:
    """Signs that interviews were made up, drilled or stuffed, with the interviews they rest on."""
    view = WaveView(_results(code))
    found = review_quality(office().db, office().catalogue, code)
    return render_template("desk/quality.html", view=view, shown=QualityView(view, found))


def _chosen_areas(view: WaveView) -> AreaList:
    wishes = {name: request.args.get(name, "") for name in ("level", "indicator", "mode", "district", "flag")}
    try:
        return AreaList.chosen(view, **wishes)
    except NotFound:
        abort(404)


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
