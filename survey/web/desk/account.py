"""One's own account: who one is here, and changing the password."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse
from wtforms import PasswordField

from survey.domain.account import Role, clean_text
from survey.domain.problems import Invalid, Problem
from survey.services.sign_in import TooManyFailures, change_password
from survey.web.desk.access import begin_session, current_account, roles
from survey.web.desk.device import known_device
from survey.web.desk.sign_in import problem_of_field, too_many
from survey.web.languages import translate
from survey.web.office import office

blueprint = Blueprint("desk_account", __name__, url_prefix="/desk/account")


class PasswordForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """The password until now, and twice the new one."""

    current = PasswordField()
    password = PasswordField()
    again = PasswordField()


@blueprint.get("")
@roles(*Role)
def show() -> str:
    """The account and the form."""
    return _page(PasswordForm(), {})


@blueprint.post("")
@roles(*Role)
def change() -> BaseResponse:
    """303 changed, and every other session ended; 422 something is wrong; 429 too many wrong guesses."""
    form = PasswordForm()
    try:
        if clean_text(form.password.data or "") != clean_text(form.again.data or ""):
            raise Invalid([Problem("password_different", "again")])
        signed_in = change_password(
            office().db,
            current_account(),
            current=form.current.data or "",
            new=form.password.data or "",
            device=known_device(),
            now=office().now(),
        )
    except Invalid as refused:
        return BaseResponse(_page(form, problem_of_field(refused)), 422, mimetype="text/html")
    except TooManyFailures as refused:
        return too_many("desk/account.html", refused.wait, form=form, problems={})
    begin_session(signed_in)
    flash(translate("Your password is changed. Every other session of your account has ended."))
    return redirect(url_for(".show"), code=303)


def _page(form: PasswordForm, problems: dict[str, str]) -> str:
    return render_template("desk/account.html", form=form, problems=problems, wait=None)
