"""The accounts page of the organisers: list, add, disable, enable, give a new password or a PIN for tablets."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse
from wtforms import PasswordField, StringField

from survey.domain.account import Role
from survey.domain.problems import Invalid
from survey.services.accounts import (
    add_account,
    disable_account,
    enable_account,
    list_accounts,
    read_account,
    set_password,
)
from survey.services.catalogue import NotFound
from survey.services.volunteer_pins import has_pin, roster, set_pin
from survey.web.desk.access import roles
from survey.web.desk.sign_in import problem_of_field
from survey.web.languages import N_, translate
from survey.web.office import office

blueprint = Blueprint("desk_accounts", __name__, url_prefix="/desk/accounts")

ONE = "/<int(max=2_147_483_647):account_id>"
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


class PinForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """A volunteer's PIN."""

    pin = PasswordField()


@blueprint.get("")
@roles("organiser")
def show() -> str:
    """Every account, and the form for a new one."""
    return _page(AccountForm(formdata=None, role=Role.VOLUNTEER.value), {})


@blueprint.post("")
@roles("organiser")
def add() -> BaseResponse:
    """303 added, 422 something is wrong."""
    form = AccountForm()
    name, role, password = form.name.data or "", form.role.data or "", form.password.data or ""
    try:
        added = add_account(office().db, name, role, password, office().now())
    except Invalid as refused:
        return BaseResponse(_page(form, problem_of_field(refused)), 422, mimetype="text/html")
    flash(translate("The account is added."))
    if added.role is Role.VOLUNTEER:
        flash(translate("To work with a tablet, this volunteer needs a PIN as well."))
        return redirect(url_for(".one", account_id=added.id), code=303)
    return redirect(url_for(".show"), code=303)


@blueprint.get(ONE)
@roles("organiser")
def one(account_id: int) -> str:
    """One account, and what can be done with it."""
    return _one_page(account_id, {})


@blueprint.get(f"{ONE}/<any(disable, enable, password, pin):_>")
@roles("organiser")
def back(account_id: int, _: str) -> BaseResponse:
    """Where a reload or another language leads after a refusal."""
    return redirect(url_for(".one", account_id=account_id))


@blueprint.post(f"{ONE}/disable")
@roles("organiser")
def disable(account_id: int) -> BaseResponse:
    """Close an account and end its sessions."""
    done = translate("The account is disabled and its sessions have ended.")
    return _changed(account_id, lambda: disable_account(office().db, account_id), done)


@blueprint.post(f"{ONE}/enable")
@roles("organiser")
def enable(account_id: int) -> BaseResponse:
    """Open an account again."""
    done = translate("The account can sign in again.")
    return _changed(account_id, lambda: enable_account(office().db, account_id), done)


@blueprint.post(f"{ONE}/password")
@roles("organiser")
def password(account_id: int) -> BaseResponse:
    """Give an account a new password and end its sessions."""
    new = AccountForm().password.data or ""
    done = translate("The new password is set; the account's sessions have ended.")
    return _changed(account_id, lambda: set_password(office().db, account_id, new), done)


@blueprint.post(f"{ONE}/pin")
@roles("organiser")
def pin(account_id: int) -> BaseResponse:
    """Give a volunteer a PIN for tablets."""
    new = PinForm().pin.data or ""
    done = translate("The PIN is set. Tablets know it when they have next been online.")
    return _changed(
        account_id, lambda: set_pin(office().db, read_account(office().db, account_id).account.id, new), done
    )


def _changed(account_id: int, change: Callable[[], None], done: str) -> BaseResponse:
    """303 changed, 422 something is wrong."""
    try:
        change()
    except NotFound:
        abort(404)
    except Invalid as refused:
        return BaseResponse(_one_page(account_id, problem_of_field(refused)), 422, mimetype="text/html")
    flash(done)
    return redirect(url_for(".show"), code=303)


def _page(form: AccountForm, problems: dict[str, str]) -> str:
    accounts = list_accounts(office().db)
    with_pin = {volunteer.id for volunteer in roster(office().db)}
    return render_template(
        "desk/accounts.html", accounts=accounts, form=form, roles=ROLES, problems=problems, with_pin=with_pin
    )


def _one_page(account_id: int, problems: dict[str, str]) -> str:
    try:
        record = read_account(office().db, account_id)
    except NotFound:
        abort(404)
    pin_is_set = has_pin(office().db, account_id)
    return render_template("desk/one_account.html", record=record, problems=problems, pin_is_set=pin_is_set)
