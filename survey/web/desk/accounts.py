"""The accounts page of the organisers: list, add, disable, enable, give a new password."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse
from wtforms import PasswordField, StringField

from survey.domain.account import Role
from survey.domain.problems import Invalid
from survey.services.accounts import add_account, disable_account, enable_account, list_accounts, set_password
from survey.services.catalogue import NotFound
from survey.web.desk.access import roles
from survey.web.languages import N_, translate
from survey.web.office import office
from survey.web.problem_texts import problem_text

blueprint = Blueprint("desk_accounts", __name__, url_prefix="/desk/accounts")

ROLES = {
    Role.ORGANISER: N_("imports, publishes, opens and closes waves, manages accounts"),
    Role.ANALYST: N_("watches the fieldwork and reads the results"),
    Role.VOLUNTEER: N_("interviews in the street with a tablet"),
}


class AccountForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """A new account."""

    name = StringField()
    role = StringField()
    password = PasswordField()


@blueprint.get("")
@roles("organiser")
def show() -> str:
    """Every account, and the form for a new one."""
    return _page(_empty_form(), {})


@blueprint.post("")
@roles("organiser")
def add() -> BaseResponse:
    """303 added, 422 something is wrong."""
    form = AccountForm()
    name, role, password = form.name.data or "", form.role.data or "", form.password.data or ""
    try:
        add_account(office().db, name, role, password, office().now())
    except Invalid as refused:
        return _refused(form, refused)
    return _done(translate("The account is added."))


@blueprint.get("/<int(max=2_147_483_647):account_id>/<any(disable, enable, password):_>")
@roles("organiser")
def back(account_id: int, _: str) -> BaseResponse:  # noqa: ARG001 (part of the address)
    """Where a reload or another language leads after a refusal: to the list."""
    return redirect(url_for(".show"))


@blueprint.post("/<int(max=2_147_483_647):account_id>/disable")
@roles("organiser")
def disable(account_id: int) -> BaseResponse:
    """Close an account and end its sessions."""
    done = translate("The account is disabled and its sessions have ended.")
    return _changed(account_id, lambda: disable_account(office().db, account_id), done)


@blueprint.post("/<int(max=2_147_483_647):account_id>/enable")
@roles("organiser")
def enable(account_id: int) -> BaseResponse:
    """Open an account again."""
    done = translate("The account can sign in again.")
    return _changed(account_id, lambda: enable_account(office().db, account_id), done)


@blueprint.post("/<int(max=2_147_483_647):account_id>/password")
@roles("organiser")
def password(account_id: int) -> BaseResponse:
    """Give an account a new password and end its sessions."""
    new = AccountForm().password.data or ""
    done = translate("The new password holds; the account's sessions have ended.")
    return _changed(account_id, lambda: set_password(office().db, account_id, new), done)


def _changed(account_id: int, change: Callable[[], None], done: str) -> BaseResponse:
    try:
        change()
    except NotFound:
        abort(404)
    except Invalid as refused:
        return _refused(_empty_form(), refused, changing=account_id)
    return _done(done)


def _empty_form() -> AccountForm:
    return AccountForm(formdata=None, role=Role.VOLUNTEER.value)


def _refused(form: AccountForm, refused: Invalid, changing: int | None = None) -> BaseResponse:
    problems = {problem.field: problem_text(problem) for problem in refused.problems}
    return BaseResponse(_page(form, problems, changing), 422, mimetype="text/html")


def _done(text: str) -> BaseResponse:
    flash(text)
    return redirect(url_for(".show"), code=303)


def _page(form: AccountForm, problems: dict[str, str], changing: int | None = None) -> str:
    """The page. `changing`: the account that the problems are about, if they are not about the new one."""
    return render_template(
        "desk/accounts.html",
        accounts=list_accounts(office().db),
        form=form,
        roles=ROLES,
        changing=changing,
        problems=problems,
    )
