"""`passback users`: accounts of the people who run the installation."""

import secrets

import click
from sqlalchemy import select

from passback.cli.output import answer, answer_rows, json_option
from passback.db import Unscoped, unscoped
from passback.staff import service
from passback.staff.models import User


@click.group("users")
def users_group() -> None:
    """Accounts of the people who run the installation."""


@users_group.command("create-admin")
@click.argument("email")
@click.option("--name", default="", help="The person's name.")
@click.option("--password", envvar="PASSBACK_ADMIN_PASSWORD", help="Left out: one is made up and shown once.")
@json_option
def create_admin(email: str, name: str, password: str | None, as_json: bool) -> None:
    """Add an administrator."""
    made_up = password is None
    password = password or secrets.token_urlsafe(15)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        user = service.create_user(session, email=email, password=password, name=name, role=service.Role.ADMINISTRATOR)
        service.audit(session, actor="cli", action="user.created", subject=str(user.id), role="administrator")
        found = {"id": user.id, "email": user.email, "role": "administrator"}
    shown = {**found, "password": password} if made_up else found
    text = f"{user.email} is an administrator now." + (f" Password, shown this once: {password}" if made_up else "")
    answer(shown, text, as_json=as_json)


@users_group.command("set-password")
@click.argument("email")
@click.password_option(envvar="PASSBACK_USER_PASSWORD")
@json_option
def set_password(email: str, password: str, as_json: bool) -> None:
    """Set somebody's password; all their sessions end."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        user = service.find_user(session, email)
        service.set_password(session, user, password)
        service.audit(session, actor="cli", action="user.password_set", subject=str(user.id))
    answer({"id": user.id, "email": user.email}, f"{user.email} has a new password.", as_json=as_json)


@users_group.command("list")
@json_option
def list_users(as_json: bool) -> None:
    """Show who has an account."""
    with unscoped(Unscoped.INSTALLATION) as session:
        rows = [
            {
                "email": user.email,
                "name": user.name,
                "roles": ", ".join(role.role for role in service.roles_of(session, user.id)),
                "disabled": user.disabled_at is not None,
            }
            for user in session.scalars(select(User).order_by(User.email))
        ]
    answer_rows(rows, empty="Nobody yet. Add one: passback users create-admin you@example.org", as_json=as_json)
