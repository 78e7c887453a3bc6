"""The sign-in page, and signing out."""

import math
from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse
from wtforms import HiddenField, PasswordField, StringField

from survey.domain.problems import Invalid
from survey.services.sign_in import TooManyFailures, WrongCredentials, sign_in
from survey.web.desk.access import account_or_none, begin_session, end_session, home, local_path
from survey.web.desk.device import known_device, remember_device
from survey.web.languages import N_, translate
from survey.web.office import office
from survey.web.problem_texts import problem_text

blueprint = Blueprint("desk_sign_in", __name__, url_prefix="/desk")

MISSING = {"name": N_("Type your name."), "password": N_("Type your password.")}


class SignInForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """Who one is, and where one wanted to go."""

    name = StringField()
    password = PasswordField()
    next = HiddenField()


@blueprint.get("/sign-in")
def show() -> BaseResponse | str:
    """The empty form; who is signed in already goes on."""
    account, wish = account_or_none(), local_path(request.args.get("next"))
    if account is not None:
        return redirect(wish or home(account))
    return _page(SignInForm(next=wish), {})


@blueprint.post("/sign-in")
def enter() -> BaseResponse:
    """303 signed in, 422 not, 429 nothing was checked because of too many failures."""
    form = SignInForm()
    name, password = form.name.data or "", form.password.data or ""
    missing = {field: translate(text) for field, text in MISSING.items() if not form[field].data}
    if missing:
        return BaseResponse(_page(form, missing), 422, mimetype="text/html")
    try:
        signed_in = sign_in(office().db, name, password, known_device(), office().now())
    except WrongCredentials:
        wrong = translate("The name or the password is not right, or the account is closed.")
        return BaseResponse(_page(form, {"name": wrong}), 422, mimetype="text/html")
    except TooManyFailures as refused:
        return too_many("desk/sign_in.html", refused.wait, form=form, problems={})
    begin_session(signed_in)
    response = redirect(local_path(form.next.data) or home(signed_in.account), code=303)
    remember_device(response, signed_in.account)
    return response


@blueprint.post("/sign-out")
def sign_out() -> BaseResponse:
    """End the session."""
    end_session()
    return redirect(url_for(".show"), code=303)


def problem_of_field(refused: Invalid) -> dict[str, str]:
    """field -> what is wrong with it, in the page's language"""
    return {problem.field: problem_text(problem) for problem in refused.problems}


def too_many(template: str, wait: timedelta, **context: object) -> BaseResponse:
    """429: the page again, with the time to wait."""
    seconds = math.ceil(wait.total_seconds())
    response = BaseResponse(render_template(template, wait=seconds, **context), 429, mimetype="text/html")
    response.headers["Retry-After"] = str(seconds)
    return response


def _page(form: SignInForm, problems: dict[str, str]) -> str:
    return render_template("desk/sign_in.html", form=form, problems=problems, wait=None)
