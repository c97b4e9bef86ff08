"""The rules of the health report, besides what the manifest's reader tells of repairs and missing parts."""

from dataclasses import dataclass

from passback.plugin import PackageWarning, Severity


@dataclass(frozen=True)
class Rule:
    """One thing to look for.

    Args:
        id: stable; the `code` of its findings.
        certain: True: what it says is so. False: it follows from the look of the content and may be wrong.
        message: what it means to people, with `{}` for what was counted.
        advice: what to do about it.
    """

    id: str
    severity: Severity
    certain: bool
    message: str
    advice: str = ""


@dataclass(frozen=True)
class Place:
    """Where something was found; `line` counts from 1, 0 means the whole file."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        """Return `file:line`."""
        return f"{self.file}:{self.line}" if self.line else self.file


RULES = {
    rule.id: rule
    for rule in (
        Rule(
            "external_hosts",
            "note",
            True,
            "The course loads files from other hosts: {}.",
            "Learners need access to these hosts, and these hosts see who learns.",
        ),
        Rule(
            "named_hosts",
            "note",
            False,
            "The course's scripts name other hosts and may link to them or load from them: {}.",
            "If parts of the course stay empty, see whether learners can reach these hosts.",
        ),
        Rule(
            "insecure_hosts",
            "problem",
            True,
            "The course loads files over http, which browsers block on an https page: {}.",
            "Have the addresses changed to https, or the files put into the package.",
        ),
        Rule(
            "unload_only",
            "problem",
            False,
            "It looks as if the course finishes only while its page is closing, when browsers may cut it off.",
            "Tell learners to leave with the player's own button; what was committed before is kept in any case.",
        ),
        Rule(
            "completes_on_arrival",
            "warning",
            False,
            "It looks as if a unit reports that it is completed as soon as it is opened.",
            "Grade this course by its score, not by its completion, if opening it is not enough.",
        ),
        Rule(
            "never_scores",
            "note",
            False,
            "No file of the course names a score, so it seems never to report one.",
            "Grade this course by its completion.",
        ),
        Rule(
            "never_talks",
            "problem",
            False,
            "No file of the course calls the SCORM run time, so it seems to report nothing at all.",
            "See that the course was exported as a SCORM course with its tracking switched on.",
        ),
        Rule(
            "eval",
            "note",
            True,
            "The course's scripts run code made from text (eval). It is allowed here; strict security rules forbid it.",
        ),
        Rule(
            "large_files",
            "note",
            True,
            "The course has {} very large file(s), which take long on slow connections.",
            "Compress the media, or stream them.",
        ),
        Rule("large_course", "note", True, "The course has {} MiB unpacked.", "Leave out what learners do not open."),
        Rule(
            "undeclared_files",
            "note",
            True,
            "{} file(s) are in the package and not in the manifest; they are served all the same.",
        ),
        Rule(
            "language_unknown",
            "note",
            True,
            "Neither the manifest nor the pages say in which language the course is.",
            "Screen readers need to know: set the language in the authoring tool.",
        ),
        Rule(
            "languages_differ",
            "note",
            True,
            "The manifest and the pages name different languages: {}.",
            "Set the same language for the course and its pages in the authoring tool.",
        ),
        Rule(
            "several_languages",
            "note",
            True,
            "The pages are in several languages and the manifest names none: {}.",
            "Set the course's language in the authoring tool.",
        ),
        Rule(
            "flash",
            "problem",
            True,
            "A unit starts with a Flash film, which no browser plays any more.",
            "Export the course as HTML5.",
        ),
        Rule(
            "partly_examined",
            "note",
            True,
            "The course has more pages and scripts than were looked at for this report.",
        ),
    )
}


def line_at(text: str, offset: int) -> int:
    """Return the line, from 1, that a place in a text is on."""
    return text.count("\n", 0, offset) + 1


def finding(rule: str, *, counted: object = "", at: Place | None = None, evidence: str = "") -> PackageWarning:
    """Return a finding of a rule.

    Args:
        counted: takes the place of `{}` in the rule's message.
        evidence: what was found; with the place where there is one.
    """
    told = RULES[rule]
    shown = ": ".join(part for part in (str(at) if at else "", evidence) if part)
    return PackageWarning(
        told.id,
        told.message.format(counted),
        shown,
        told.advice,
        severity=told.severity,
        certain=told.certain,
        file=at.file if at else "",
        line=at.line if at else 0,
    )
