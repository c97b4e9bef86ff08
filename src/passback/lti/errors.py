"""What can be wrong with a login or a launch; each class says it in words for the person who meets it."""

from passback.errors import PassbackError, Side

AGAIN = "Open the course from your LMS again."
TELL_ADMIN = "Tell the administrator of your LMS, with the code below."


class LaunchRefusedError(PassbackError):
    """The LMS sent a message that Passback cannot accept."""

    code = "launch_refused"
    status = 400
    side = Side.LMS
    advice = TELL_ADMIN


class LaunchFaultError(LaunchRefusedError):
    """Passback ran into a fault of its own. Nothing that was saved is lost."""

    code = "fault"
    status = 500
    side = Side.TOOL
    advice = f"{AGAIN} If it stays, tell the administrator of Passback, with the code below."


# --- Login -----------------------------------------------------------------------------------------------------------


class LoginIncompleteError(LaunchRefusedError):
    """The LMS began a sign-in without saying who it is or whom it signs in.

    OpenID Connect third-party initiated login needs `iss` and `login_hint` (LTI security framework §5.1.1.1).
    """

    code = "login_incomplete"
    advice = "Open the course from within your LMS; this address does not work on its own. " + TELL_ADMIN


class UnknownPlatformError(LaunchRefusedError):
    """This LMS is not registered with Passback."""

    code = "platform_unknown"
    status = 403
    advice = (
        "The administrator of your LMS connects it with a registration URL from the administrator of Passback. If that "
        "was done, the issuer differs: it must be the same to the letter, with http or https and the final slash."
    )


class UnknownClientError(LaunchRefusedError):
    """Passback knows this LMS, but not under this client ID."""

    code = "client_unknown"
    status = 403
    advice = "The administrator of your LMS compares the tool's client ID with the one that is registered here."


class AmbiguousClientError(LaunchRefusedError):
    """Several LMSs share this issuer, and the message does not say which of them it comes from.

    `client_id` is optional in the login request, but nothing else tells them apart at that point.
    """

    code = "client_ambiguous"
    advice = "The LMS must send client_id with the login request. " + TELL_ADMIN


class PlatformPendingError(LaunchRefusedError):
    """This LMS is registered and waits for approval."""

    code = "platform_pending"
    status = 403
    side = Side.TOOL
    advice = "An administrator of Passback approves it; after that, open the course from your LMS again."


class PlatformDisabledError(LaunchRefusedError):
    """This LMS was switched off in Passback."""

    code = "platform_disabled"
    status = 403
    side = Side.TOOL
    advice = "Ask the administrator of Passback why."


class PlatformRefusedError(LaunchRefusedError):
    """The LMS refused the sign-in itself."""

    code = "platform_refused"
    advice = "Sign in to your LMS and open the course again; if it stays, tell the administrator of your LMS."


PLATFORM_ADVICE = {
    "login_required": "Sign in to your LMS in this browser, then open the course again.",
    "access_denied": "You are signed in to the LMS as somebody else by now; open the course from your LMS again.",
    "unauthorized_client": "The client ID registered here is not the LMS's: its administrator compares both.",
}
"""What to do about the commonest answers (OpenID Connect Core §3.1.2.6; Moodle's auth.php)."""


class MessageMalformedError(LaunchRefusedError):
    """What arrived is not a launch from an LMS.

    A launch is one form field `id_token` and one `state`, posted, each once (LTI security framework §5.1.1.3).
    """

    code = "message_malformed"
    side = Side.REQUEST
    advice = "Open the course from within your LMS; this address does not work on its own."


class MessageTooLargeError(LaunchRefusedError):
    """What arrived is too large to be a launch from an LMS."""

    code = "message_too_large"
    status = 413


# --- State and browser -----------------------------------------------------------------------------------------------


class StateUnknownError(LaunchRefusedError):
    """This launch does not belong to a sign-in that Passback began."""

    code = "state_unknown"
    status = 403
    side = Side.REQUEST
    advice = AGAIN


class StateExpiredError(LaunchRefusedError):
    """This sign-in took longer than ten minutes and is no longer valid."""

    code = "state_expired"
    status = 403
    side = Side.BROWSER
    advice = AGAIN


class StateUsedError(LaunchRefusedError):
    """This launch was used already; nothing is lost.

    Reloading, or going back to the page that launched the course, sends the same launch a second time.
    """

    code = "state_used"
    status = 409
    side = Side.BROWSER
    advice = "Open the course from your LMS again: each launch works once."


class OtherBrowserError(LaunchRefusedError):
    """This launch was begun in another browser, so Passback does not open it in this one."""

    code = "other_browser"
    status = 403
    side = Side.BROWSER
    advice = (
        "Open the course from your LMS again in this browser. If that does not help, allow cookies for this site "
        "or leave private browsing."
    )


# --- Token -----------------------------------------------------------------------------------------------------------


class TokenMalformedError(LaunchRefusedError):
    """The LMS's launch token cannot be read."""

    code = "token_malformed"


class TokenAlgorithmError(LaunchRefusedError):
    """The LMS signed its launch in a way that was not agreed at registration."""

    code = "token_algorithm"
    status = 403


class KeyIdMissingError(LaunchRefusedError):
    """The LMS's launch token does not say which key signed it."""

    code = "token_no_kid"


class KeyUnknownError(LaunchRefusedError):
    """The LMS signed its launch with a key that it does not publish."""

    code = "token_key_unknown"
    status = 403
    advice = "Try again in a minute, in case the LMS has just changed its keys. " + TELL_ADMIN


class KeyUnsuitableError(LaunchRefusedError):
    """The key that the LMS names is not one for signing launches."""

    code = "token_key_unsuitable"
    status = 403


class PlatformKeysError(LaunchRefusedError):
    """Passback cannot fetch the LMS's public keys, so it cannot check the launch."""

    code = "platform_keys_unavailable"
    status = 502
    advice = "Try again in a minute. If it stays, the address of the LMS's key set is wrong or cannot be reached."


class SignatureError(LaunchRefusedError):
    """The signature of the launch is wrong: it was not made by the LMS, or was changed on the way."""

    code = "token_signature"
    status = 403


class IssuerError(LaunchRefusedError):
    """The launch names another LMS than the one that the sign-in began with."""

    code = "token_issuer"
    status = 403


class AudienceError(LaunchRefusedError):
    """The launch is meant for another tool."""

    code = "token_audience"
    status = 403


class AuthorizedPartyError(LaunchRefusedError):
    """The launch was given out to another tool."""

    code = "token_azp"
    status = 403


class TimesMissingError(LaunchRefusedError):
    """The launch does not say when it was made and how long it holds."""

    code = "token_times_missing"


class ExpiredError(LaunchRefusedError):
    """The launch has expired."""

    code = "token_expired"
    status = 403
    advice = AGAIN + " If it happens every time, the clocks of the LMS and of Passback differ."


class TooOldError(LaunchRefusedError):
    """The launch was made more than ten minutes ago."""

    code = "token_too_old"
    status = 403
    advice = AGAIN + " If it happens every time, the clocks of the LMS and of Passback differ."


class TokenLifetimeError(LaunchRefusedError):
    """The launch claims to hold for more than a day, which no LMS needs."""

    code = "token_lifetime"


class FromTheFutureError(LaunchRefusedError):
    """By Passback's clock the launch has not been made yet."""

    code = "token_from_the_future"
    status = 403
    advice = "The clocks of the LMS and of Passback differ by more than a minute. " + TELL_ADMIN


class NonceError(LaunchRefusedError):
    """The launch does not answer this sign-in: its one-time value is missing or another."""

    code = "token_nonce"
    status = 403
    advice = AGAIN


# --- Message ---------------------------------------------------------------------------------------------------------


class DeploymentMissingError(LaunchRefusedError):
    """The launch does not say which deployment of the tool it comes from."""

    code = "deployment_missing"


class DeploymentWaitingError(LaunchRefusedError):
    """Passback knows this LMS, but this deployment of the tool is new and waits for approval."""

    code = "deployment_waiting"
    status = 403
    side = Side.TOOL
    advice = "It is listed for the administrator of Passback, who says which institution it belongs to."


class DeploymentBlockedError(LaunchRefusedError):
    """This deployment of the tool was switched off in Passback."""

    code = "deployment_blocked"
    status = 403
    side = Side.TOOL
    advice = "Ask the administrator of Passback why."


class VersionError(LaunchRefusedError):
    """The launch is not LTI 1.3."""

    code = "message_version"


class MessageTypeError(LaunchRefusedError):
    """The LMS sent a kind of message that Passback does not understand."""

    code = "message_type"


class RolesError(LaunchRefusedError):
    """The launch does not say in which roles the person comes."""

    code = "message_roles"


class ResourceLinkError(LaunchRefusedError):
    """The launch does not say which link in the LMS it comes from."""

    code = "message_resource_link"


class SubjectMissingError(LaunchRefusedError):
    """The LMS does not say who you are, so nothing could be recorded for you."""

    code = "subject_missing"
    advice = (
        "Sign in to your LMS and open the course again. If you were signed in, its administrator lets the tool "
        "receive user IDs; names and addresses are not needed."
    )


class SubjectError(LaunchRefusedError):
    """The LMS identifies you in a way that Passback cannot use.

    `sub` is a string of at most 255 characters (OpenID Connect Core §2).
    """

    code = "subject_invalid"


class TargetError(LaunchRefusedError):
    """The launch does not say what it wants to open."""

    code = "message_target"


class ForeignTargetError(LaunchRefusedError):
    """The link in the LMS points to another address than Passback's."""

    code = "message_target_foreign"
    status = 403
    advice = (
        "The link was made for another tool, or for an earlier address of this one. The administrator of Passback can "
        "name earlier addresses (PASSBACK_FORMER_URLS); else the link is deleted and added again. " + TELL_ADMIN
    )


class ClaimShapeError(LaunchRefusedError):
    """A part of the launch has a form that the standard does not allow."""

    code = "message_shape"


class DeepLinkingError(LaunchRefusedError):
    """The LMS asks to choose content, but does not say where to send the choice."""

    code = "deep_linking_return"


class DeepLinkingTypeError(LaunchRefusedError):
    """The LMS asks for content of a kind that Passback does not have: it offers launches (ltiResourceLink) only."""

    code = "deep_linking_type"
    advice = "Add a course where your LMS lets you add an external tool or an activity, not a file or plain link."


class DeepLinkingRoleError(LaunchRefusedError):
    """Only those who teach choose a course's content, and your LMS says that you are a learner."""

    code = "deep_linking_role"
    advice = "Ask your teacher. The LMS's administrator can keep this button from learners."
