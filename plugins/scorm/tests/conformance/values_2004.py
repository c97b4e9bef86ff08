"""What SCORM 2004's data types take and refuse: values for the cases of `test_data_model_2004.py`."""

from typing import Any

L250, L1000, L4000, L64000 = ("x" * length for length in (250, 1000, 4000, 64000))

Step = tuple[Any, ...]
"""("set", element, value, error) or ("get", element, value, error)."""

OBJECTIVE = ("set", "cmi.objectives.0.id", "o", 0)
INTERACTION = ("set", "cmi.interactions.0.id", "i", 0)
READ_ONLY = """
    cmi._version cmi.comments_from_lms.n.comment cmi.comments_from_lms.n.location cmi.comments_from_lms.n.timestamp
    cmi.completion_threshold cmi.credit cmi.entry cmi.launch_data cmi.learner_id cmi.learner_name
    cmi.max_time_allowed cmi.mode cmi.scaled_passing_score cmi.time_limit_action cmi.total_time
    adl.nav.request_valid.continue adl.nav.request_valid.previous adl.nav.request_valid.choice.{target}
    adl.nav.request_valid.jump.{target} adl.data.n.id
"""
UNDEFINED = """
    cmi cmi.objectives cmi.score cmi.interactions cmi.learner_preference adl adl.nav adl.data adl.nav.request_valid
    adl.nav.request_valid.choice adl.nav.request_valid.exit cmi.nothing cmi.core.lesson_status foo foo.bar CMI.exit
    cmi.objectives.n.id cmi.objectives.-1.id cmi.objectives.x.id cmi.objectives.0 cmi..exit cmi.exit. cmi.__proto__
    cmi.constructor toString cmi.objectives.٣.id cmi.{target=a} adl.data.{target=a}
"""
REALS = ("0", "-7", "7.0000999", ".5", "100.00"), ("", "x", "1,5", "NaN", "1e2", "0x10", "5.", "+1", " 1")
STATUSES = ("completed", "incomplete", "not attempted", "unknown"), ("", "passed", "Completed", "browsed")
SUCCESSES = ("passed", "failed", "unknown"), ("", "completed")
INTERVALS = (
    ("PT0S", "P1Y2M3DT4H5M6.78S", "PT36H", "P14D", "PT0H0M0.5S"),
    ("", "P", "PT", "1H", "PT1.123S", "P1H", "PT1S ", "-PT1S", "P1Y6M14DT", "PT1M1H"),
)
TIMESTAMPS = (
    ("1970", "2038-12-31", "2004-02-29T23:59:59.99Z", "2004-04-01T09:45:58.5+02:30", "2004-04-01T09"),
    ("", "1969", "2039", "2004-13", "2004-04-32", "2004-04-01T24", "2004-04-01T09:45Z", "2004-04-01T09:45:58.123"),
)
IDENTIFIERS = ("o-1", "urn:adl:x", "http://x/y?z=1#a", "100%25"), ("", "two words", "urn:", "é", "a[b]", "100%", "{a}")
LOCALIZED = ("", "text", "{lang=en}", "{lang=de-CH}Grüezi", "{lang=x", "{LANG=zz}"), ("{lang=}a", "{lang=frl}a")

# Element, what must be set first, values that are accepted, values of a wrong type, values out of range.
WRITABLE: tuple[tuple[str, tuple[Step, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    ("cmi.comments_from_learner.0.comment", (), (*LOCALIZED[0], L4000), (*LOCALIZED[1], L4000 + "x"), ()),
    ("cmi.comments_from_learner.0.location", (), ("", L250), (L250 + "x",), ()),
    ("cmi.comments_from_learner.0.timestamp", (), *TIMESTAMPS, ()),
    ("cmi.completion_status", (), *STATUSES, ()),
    ("cmi.location", (), ("", L1000), (L1000 + "x",), ()),
    ("cmi.suspend_data", (), ("", L64000, "\u4e2d" * 64000), (L64000 + "x",), ()),
    ("cmi.progress_measure", (), ("0", "0.5", "1.0"), ("", "half"), ("-0.1", "1.0000999", "50")),
    ("cmi.success_status", (), *SUCCESSES, ()),
    ("cmi.score.scaled", (), ("-1", "0.8", "1.0"), ("", "x"), ("-1.1", "1.0000999", "80")),
    ("cmi.score.raw", (), *REALS, ()),
    ("cmi.score.min", (), *REALS, ()),
    ("cmi.score.max", (), *REALS, ()),
    ("cmi.learner_preference.audio_level", (), ("0", "1.5", "100"), ("", "loud"), ("-1",)),
    ("cmi.learner_preference.language", (), ("", "de", "DE-ch", "i-klingon", "x-own"), ("deutsch", "de_CH", "frl"), ()),
    ("cmi.learner_preference.delivery_speed", (), ("0", "2"), ("fast",), ("-0.5",)),
    ("cmi.learner_preference.audio_captioning", (), ("-1", "0", "1"), ("", "2", "0.0"), ()),
    ("cmi.objectives.0.id", (), *IDENTIFIERS, ()),
    ("cmi.objectives.0.score.scaled", (OBJECTIVE,), ("-1", "1"), ("",), ("2",)),
    ("cmi.objectives.0.score.raw", (OBJECTIVE,), *REALS, ()),
    ("cmi.objectives.0.score.min", (OBJECTIVE,), *REALS, ()),
    ("cmi.objectives.0.score.max", (OBJECTIVE,), *REALS, ()),
    ("cmi.objectives.0.success_status", (OBJECTIVE,), *SUCCESSES, ()),
    ("cmi.objectives.0.completion_status", (OBJECTIVE,), *STATUSES, ()),
    ("cmi.objectives.0.progress_measure", (OBJECTIVE,), ("0", "1"), ("x",), ("1.1",)),
    ("cmi.objectives.0.description", (OBJECTIVE,), (*LOCALIZED[0], L250), (*LOCALIZED[1], L250 + "x"), ()),
    ("cmi.interactions.0.id", (), *IDENTIFIERS, ()),
    ("cmi.interactions.0.type", (INTERACTION,), ("true-false", "other"), ("", "quiz"), ()),
    ("cmi.interactions.0.objectives.0.id", (INTERACTION,), *IDENTIFIERS, ()),
    ("cmi.interactions.0.timestamp", (INTERACTION,), *TIMESTAMPS, ()),
    ("cmi.interactions.0.weighting", (INTERACTION,), *REALS, ()),
    ("cmi.interactions.0.result", (INTERACTION,), ("correct", "neutral", "-0.35"), ("", "wrong", "34,0"), ()),
    ("cmi.interactions.0.latency", (INTERACTION,), *INTERVALS, ()),
    ("cmi.interactions.0.description", (INTERACTION,), (*LOCALIZED[0], L250), (*LOCALIZED[1], L250 + "x"), ()),
    (
        "adl.nav.request",
        (),
        ("continue", "exitAll", "suspendAll", "_none_", "{target=a.b}choice", "{target=a}jump"),
        ("", "choice", "jump", "{target=}choice", "Continue", "{target=a}continue"),
        (),
    ),
)
WRITE_ONLY = (
    ("cmi.exit", ("time-out", "suspend", "logout", "normal", ""), ("exit", "Suspend")),
    ("cmi.session_time", *INTERVALS),
)
# Interaction type: learner responses that are accepted and not, patterns that are accepted and not.
RESPONSES: tuple[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    ("true-false", ("true", "false"), ("", "t", "1"), ("true",), ("", "false ")),
    ("choice", ("", "a", "a[,]b"), ("a[,]a", "a[,]", "[,]", "a b", "a[,]" + L250 + "x"), ("", "a[,]b"), ("a[,]a",)),
    (
        "fill-in",
        ("", "Any text", "a[,]{lang=de}b", "{lang=de}"),
        ("{lang=zzz}a", "a[,]" + L250 + "x"),
        ("{case_matters=true}{order_matters=false}a[,]{lang=de}b", "{order_matters=true}{case_matters=true}a"),
        ("{case_matters=yes}a", "{case_matters=true}{lang=zzz}a", "a[,]{lang=zzz}b"),
    ),
    (
        "long-fill-in",
        ("", L4000, "{lang=de}" + L4000),
        (L4000 + "x", "{lang=zzz}a"),
        ("{case_matters=true}{lang=de}" + L4000, "{lang=de}{case_matters=no}a"),
        ("{case_matters=no}a", L4000 + "x"),
    ),
    ("likert", ("a",), ("a b", "a[,]b", L250 + "x"), ("3",), ("a b",)),
    ("matching", ("", "a[.]1", "a[.]1[,]a[.]1"), ("a", "a[.]", "[.]1", "a[.]1[.]2", "a[.]1[,]"), ("a[.]1",), ("a.1",)),
    (
        "performance",
        ("", "a[.]any text", "[.]x", "a[.]", "s[.]1[:]2[,]t[.]3"),
        ("a", "[.]", "a b[.]c", "a[.]b[.]c", "a[.]b[,]", "a[.]" + L250 + "x"),
        ("{order_matters=false}a[.]b", "a[.]1[:]2"),
        ("{order_matters=no}a[.]b", "{case_matters=true}a[.]b"),
    ),
    ("sequencing", ("a", "a[,]b[,]a"), ("", "[,]", "a[,]", "a b"), ("a[,]a",), ("", "a[,]b c")),
    ("numeric", ("0", "-1.5"), ("", "1[:]2", "x"), ("1[:]2", "[:]", "[:]2", "1[:]", "-2[:]-2"), ("2[:]1", "1[:]2[:]3")),
    ("other", ("", L4000), (L4000 + "x",), (L4000,), (L4000 + "x",)),
)  # fmt: skip
# Element, what is accepted where lengths and formats are not held to the letter, and what is nonsense all the same.
LENIENT: tuple[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    ("cmi.suspend_data", (L64000 * 2, "é" * 100_000), ("x" * 2_000_000,), ()),
    ("cmi.location", (L64000,), (), ()),
    ("cmi.comments_from_learner.0.comment", ("{lang=}a", L64000), (), ()),
    ("cmi.comments_from_learner.0.timestamp", ("2026-11-20T09:45:58.123Z", "2045-01-01T00:00Z"), ("", "now"), ()),
    ("cmi.score.scaled", ("1.0000000000000002", " 0.5 ", "8.3e-7"), ("", "NaN", "1e999"), ("1.00001", "80")),
    ("cmi.score.raw", ("+5", "85."), ("", "1,5", "undefined"), ("1e999", "-1e10")),
    ("cmi.session_time", ("PT1H2M3.4567S",), ("PT", "00:10:00", ""), ()),
    ("cmi.objectives.0.id", ("two words", "é"), ("", "x" * 4097), ()),
    ("cmi.learner_preference.language", ("en_US", "frl", "deutsch"), ("not a language",), ()),
)
