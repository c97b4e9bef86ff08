"""What can go wrong with accounts."""

from passback.errors import PassbackError


class SignInError(PassbackError):
    """This e-mail address and password do not belong together."""

    code = "sign_in_failed"
    status = 401
    advice = "Check both; an administrator can set a new password with `passback users set-password`."


class AccountExistsError(PassbackError):
    """There is an account with this e-mail address already."""

    code = "account_exists"
    status = 409


class EmailError(PassbackError):
    """This is not an e-mail address."""

    code = "no_email"
    advice = "Write it like ann@example.org."


class WeakPasswordError(PassbackError):
    """This password is too short: twelve characters at least."""

    code = "weak_password"
    advice = "A few words in a row are easy to remember and hard to guess."


class UnknownAccountError(PassbackError):
    """There is no account with this e-mail address."""

    code = "unknown_account"
    status = 404


class NotInvitedError(PassbackError):
    """You signed in, but no one has given this account a role here."""

    code = "not_invited"
    status = 403
    advice = "Ask an administrator to add your e-mail address under People."


class LastAdministratorError(PassbackError):
    """This is the last administrator: without one nobody could manage the installation."""

    code = "last_administrator"
    status = 409
    advice = "Make somebody else administrator first."
