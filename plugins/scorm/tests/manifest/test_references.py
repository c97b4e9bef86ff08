"""What a reference means below its bases (RFC 3986, section 5.4, as far as packages go)."""

import pytest

from passback_scorm.manifest.references import compose


@pytest.mark.parametrize(
    ("references", "whole"),
    [
        (("b/c/d", "g"), "b/c/g"),
        (("b/c/", "g/"), "b/c/g/"),
        (("b/c/d", "/g"), "/g"),
        (("b/c/d", "//g/h"), "//g/h"),
        (("b/c/d", ""), "b/c/d"),
        (("", "b\\c\\", "d"), "b/c/d"),
        (("b/", "http://a/b/c/d", "../g"), "http://a/b/g"),
        (("b/c?x=1/2", "g"), "b/g"),
    ],
)
def test_references_are_composed(references: tuple[str, ...], whole: str) -> None:
    assert compose(*references) == whole
