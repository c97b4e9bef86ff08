"""What the player page says, translated; the scripts get it with the page."""

from flask_babel import gettext as _


def player_words() -> dict[str, str]:
    """Return every sentence the player's scripts may show, by name."""
    return {
        "saved": _("Saved"),
        "saving": _("Saving…"),
        "offline": _("Not saved yet: offline, we keep trying"),
        "refused": _("Not saved"),
        "preview_short": _("Preview, nothing is saved"),
        "preview": _("This is a preview: you are here as staff, so nothing is recorded and no grade is sent."),
        "review": _("You are looking back at a finished attempt. Nothing you do here changes your result."),
        "memory": _("Your browser keeps nothing on this device for this course. Stay online until it says “Saved”."),
        "memory_framed": _(
            "What you do is saved while you are online. In its own window the course can also keep it "
            "on this device while the connection is down."
        ),
        "dialogs": _(
            "Your browser may hide this course's questions and messages here. In its own window it shows them."
        ),
        "own_window": _("Open in own window"),
        "popup_blocked": _("Your browser did not allow a new window. Allow pop-ups for this site and try again."),
        "window_title": _("The course is open in its own window"),
        "window_text": _("You can go on there. When you are done, come back here."),
        "phone_title": _("This course works better in its own window"),
        "phone_text": _("Your screen is small. In its own window the course can use all of it."),
        "full_title": _("This course opens in its own window"),
        "full_text": _("It was made to have a window to itself."),
        "continue_here": _("Continue here"),
        "busy_title": _("This course is open in another window"),
        "busy_text": _("If you continue here, the other window stops. What it has saved is kept."),
        "elsewhere_title": _("You opened this course elsewhere"),
        "elsewhere_text": _("This window has stopped. What was not saved yet is still being sent."),
        "finished": _("You have reached the end of the course. You can leave now."),
        "leave": _("Leave"),
        "closed_title": _("This part has been closed"),
        "stay": _("Stay"),
        "dismiss": _("OK"),
        "unreachable": _("Passback cannot be reached. We keep trying."),
        "unsaved_title": _("Not everything is saved yet"),
        "unsaved_kept": _(
            "The connection is down. We keep trying while this page is open. "
            "If you leave, the rest is kept on this device and sent when you open the course here again."
        ),
        "unsaved_memory": _(
            "The connection is down. We keep trying while this page is open. If you leave now, the rest is lost."
        ),
        "leave_anyway": _("Leave anyway"),
        "fault_title": _("The course could not be started"),
        "fault_text": _("Something went wrong in this page. Try again; if it stays, tell your teacher."),
        "retry": _("Try again"),
        "menu": _("Contents"),
        "menu_close": _("Close the contents"),
        "next": _("Next"),
        "previous": _("Previous"),
        "choose": _("Choose a part from the contents."),
        "part_finished": _("You have finished this part."),
        "part_opens": _("Opening the next part…"),
        "status_completed": _("completed"),
        "status_passed": _("passed"),
        "status_failed": _("not passed"),
        "status_incomplete": _("in progress"),
        "status_closed": _("not available yet"),
    }
