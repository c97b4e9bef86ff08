"""Lists in pages: opaque addresses kept to the letter, and a list that does not lead to its end is an error."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passback.lti.models import Platform
from passback.lti.paging import PagingError, next_link, pages
from passback.lti.services import ServiceClient
from passback.outbound import HttpAnswer

START = "https://lms.example/Members?type=1"
CLIENT = ServiceClient(Platform(approved_hosts=["school.example"]), ())


def called(links: Mapping[str, str], *, most: int = 20) -> list[str]:
    """Return the addresses that are called where each page's Link header is this."""
    asked: list[str] = []

    def call(url: str) -> HttpAnswer:
        asked.append(url)
        return HttpAnswer(200, {"link": links.get(url, "")}, b"", url)

    for _answer in pages(call, START, CLIENT, most=most):
        pass
    return asked


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("", ""),
        ('<https://lms.example/a>; rel="prev"', ""),
        ('<https://lms.example/a?b=Bookmark:WyJB&c=%7e>; rel="next"', "https://lms.example/a?b=Bookmark:WyJB&c=%7e"),
        ("<https://lms.example/a>; rel=next", "https://lms.example/a"),
        ("<https://lms.example/a>; REL=Next", "https://lms.example/a"),
        ('<https://lms.example/a;b=1,c>; rel="next"', "https://lms.example/a;b=1,c"),
        (
            '<https://a.example/1>; rel="current",<https://a.example/2>; rel="next",</9>; rel="last"',
            "https://a.example/2",
        ),
        ('</a>; title="rel=next, <b>"; rel="last"', ""),
        ('<?page=2>; rel="last next"', "?page=2"),
        ('<https://a.example/2>; rel="next", <https://a.example/2>; rel="next last"', "https://a.example/2"),
    ],
)
def test_the_next_page_is_named_to_the_letter(header: str, target: str) -> None:
    assert next_link(header) == target


@pytest.mark.parametrize(
    "header",
    [
        "<https://lms.example/items?a=1&amp;b=2>; rel=“next”",  # Moodle's line items: curly quotes
        "<https://lms.example/items?a=1&amp;b=2>; rel=“next”".encode().decode("latin-1"),
        '</a>; rel="next", </b>; rel="next"',
        'rel="next"',
    ],
)
def test_a_next_page_that_cannot_be_made_out_is_an_error(header: str) -> None:
    with pytest.raises(PagingError):
        next_link(header)


@given(st.text())
def test_any_header_names_a_page_or_none_or_is_refused(header: str) -> None:
    try:
        assert isinstance(next_link(header), str)
    except PagingError:
        assert "next" in header.lower()


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://lms.example/Members?bookmark:WyJB", "https://lms.example/Members?bookmark:WyJB"),
        ("/B?x=Y", "https://lms.example/B?x=Y"),
        ("?Page=2", "https://lms.example/Members?Page=2"),
        ("//lms.example/c", "https://lms.example/c"),
        ("https://school.example/c", "https://school.example/c"),  # a host that was approved with the platform
        ("http://lms.example/c", "https://lms.example/c"),  # behind a proxy that ends TLS
    ],
)
def test_where_the_next_page_is(link: str, url: str) -> None:
    assert called({START: f'<{link}>; rel="next"'}) == [START, url]


@pytest.mark.parametrize(
    "link",
    ["https://evil.example/a", "javascript:alert(1)", "http://[", "//user:secret@lms.example/", "ftp://lms.example/"],
)
def test_a_page_elsewhere_never_gets_the_token(link: str) -> None:
    with pytest.raises(PagingError):
        called({START: f'<{link}>; rel="next"'})


def test_a_circle_is_an_error() -> None:
    two = "https://lms.example/2"
    with pytest.raises(PagingError, match="circle"):
        called({START: f'<{two}>; rel="next"', two: f'<{START}>; rel="next"'})
    with pytest.raises(PagingError, match="circle"):
        called({START: f'<{START}>; rel="next"'})


def test_there_are_so_many_pages_at_most() -> None:
    links = {START: '</1>; rel="next"'}
    links |= {f"https://lms.example/{n}": f'</{n + 1}>; rel="next"' for n in range(30)}
    with pytest.raises(PagingError, match="more than 20"):
        called(links)
    del links["https://lms.example/19"]
    assert len(called(links)) == 20
