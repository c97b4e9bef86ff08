"""What can be wrong with a request to see somebody's work."""

from passback.errors import Side
from passback.lti.errors import LaunchRefusedError


class ForUserError(LaunchRefusedError):
    """The LMS asks to show somebody's work without saying whose in a way that Passback can read."""

    code = "for_user"


class LineItemMissingError(LaunchRefusedError):
    """The LMS asks to show somebody's work without saying of which column of the gradebook."""

    code = "line_item_missing"


class ReviewRefusedError(LaunchRefusedError):
    """Only those who teach in the course see other people's work."""

    code = "review_refused"
    status = 403
    side = Side.REQUEST
    advice = "Open your own work, or ask a teacher of the course."


class NothingToReviewError(LaunchRefusedError):
    """Passback knows no work of this person in this activity."""

    code = "review_nothing"
    status = 404
    side = Side.REQUEST
    advice = (
        "The person may not have opened the activity yet. If they have, the column of the gradebook belongs to "
        "another activity, or the activity was added anew: its page lists everybody who has opened it."
    )
