"""States and reasons of deliveries in plain words."""

STATES = {
    "recorded": "recorded",
    "waiting": "nothing to send yet",
    "queued": "to be sent",
    "sending": "being sent",
    "accepted": "accepted by the LMS",
    "read_back": "seen in the gradebook",
    "different": "the gradebook shows something else",
    "delivered": "delivered",
    "parked": "parked: somebody has to look",
    "superseded": "not needed any more",
}

VERDICTS = {
    "delivered": "accepted",
    "retry": "failed, to be tried again",
    "parked": "refused",
    "unknown": "cut off",
    "looked": "looked up in the gradebook",
}
"""What one try came to."""

REASONS = {
    "gave_up": "Every try for three days failed. Send it again once the other side works.",
    "timeout": "The other side did not answer in time; whether it arrived is read back before the next try.",
    "unreachable": "The other side could not be reached.",
    "interrupted": "Passback stopped while it was being sent; whether it arrived is read back before the next try.",
    "fault": "Passback ran into a fault of its own while sending; the log says which.",
    "no_sender": "What sends this is not loaded. Is a plugin missing?",
    "listener_failed": "The plugin failed while taking the event; the log says how.",
    "listener_missing": "The plugin is not installed any more.",
    "listener_off": "The plugin was switched off.",
    "moved": "The grade goes to another column of the gradebook now.",
    "lost": "The LMS had accepted the score, but its gradebook does not show it.",
    "older_shown": "The LMS had accepted the score, but its gradebook still shows an earlier one.",
    "other_shown": "The gradebook shows a grade that Passback did not send, such as a teacher's own. It stays.",
    "taken_out": "The grade was in the gradebook, and somebody has taken it out. Send it again if it should be there.",
    "not_kept": "The LMS accepts the score time and again, but its gradebook does not keep it. Perhaps the grade or "
    "its column is locked there.",
    "final_stands": "A final score is there already; a preliminary one never follows it.",
}
"""Reasons that core gives itself; senders say theirs in `SendResult.reason`."""


def state_in_words(state: str, *, tries: int = 0) -> str:
    """Say `state` to people."""
    return "to be sent again" if state == "queued" and tries else STATES.get(state, state)


def reason_in_words(reason_class: str, reason: str) -> str:
    """Say why: in the sender's words, with ours where it has none."""
    known = REASONS.get(reason_class, "")
    return " ".join(part for part in (known, reason) if part)
