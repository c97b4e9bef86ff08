"""The health report of an import."""

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from passback.plugin import PackageReader, PackageWarning
from passback_scorm.health.conduct import Site, completes_on_arrival, only_finishes_on_leaving
from passback_scorm.health.pages import Pages, read_pages
from passback_scorm.health.rules import Place, finding, line_at
from passback_scorm.manifest.model import Manifest
from passback_scorm.manifest.references import is_external, split_suffix

LARGE_FILE = 50 * 1024 * 1024
LARGE_COURSE = 500 * 1024 * 1024
_MEBIBYTE = 1024 * 1024
_SHOWN = 5
_NOT_CONTENT = (".xsd", ".dtd", ".xml", ".txt", ".md")


@dataclass(frozen=True)
class Health:
    """What the pages and scripts say. `language` is that of most pages, `reports_score` a fact where it is True."""

    findings: tuple[PackageWarning, ...]
    reports_score: bool
    language: str


def examine(package: PackageReader, manifest: Manifest) -> Health:
    """Look over a package whose manifest was read."""
    pages = read_pages(package)
    language = pages.languages.most_common(1)[0][0] if pages.languages else ""
    findings = (
        *_talking(pages, manifest),
        *_conduct(package, pages, manifest),
        *_hosts(pages),
        *_languages(pages, manifest.language),
        *_files(package, manifest),
    )
    return Health(findings, pages.sets_score, language)


def _talking(pages: Pages, manifest: Manifest) -> Iterator[PackageWarning]:
    starts = [split_suffix(unit.href)[0] for unit in manifest.units()]
    flash = next((path for path in starts if path.lower().endswith(".swf")), "")
    if flash:
        yield finding("flash", at=Place(unquote(flash)))
    if pages.complete and not flash and any(unit.kind == "sco" for unit in manifest.units()):
        if not pages.talks:
            yield finding("never_talks")
        elif not pages.names_score:
            yield finding("never_scores")
    if not pages.complete:
        yield finding("partly_examined")


def _conduct(package: PackageReader, pages: Pages, manifest: Manifest) -> Iterator[PackageWarning]:
    if pages.all_finishes_seen and (found := only_finishes_on_leaving(pages.scripts)):
        yield finding("unload_only", at=_place(package, found))
    local = [unit for unit in manifest.units() if unit.kind == "sco" and not is_external(unit.href)]
    starts = {unquote(split_suffix(unit.href)[0]) for unit in local}
    starts |= {script for page in tuple(starts) for script in pages.included.get(page, ())}
    if found := completes_on_arrival(pages.scripts, starts.__contains__):
        yield finding("completes_on_arrival", at=_place(package, found))


def _hosts(pages: Pages) -> Iterator[PackageWarning]:
    hosts = pages.hosts
    named = {host: place for host, place in hosts.named.items() if host not in hosts.loaded}
    for rule, places in (("external_hosts", hosts.loaded), ("named_hosts", named), ("insecure_hosts", hosts.insecure)):
        if places:
            yield finding(rule, counted=_listed(places), at=next(iter(places.values())))
    if pages.evals:
        more = f"and {len(pages.evals) - 1} more file(s)" if len(pages.evals) > 1 else ""
        yield finding("eval", at=pages.evals[0], evidence=more)


def _languages(pages: Pages, declared: str) -> Iterator[PackageWarning]:
    spoken = {language.partition("-")[0] for language in pages.languages}
    if declared and spoken and declared.lower().partition("-")[0] not in spoken:
        yield finding("languages_differ", counted=f"{declared} and {_listed(sorted(spoken))}")
    elif not declared and not spoken and pages.included:
        yield finding("language_unknown")
    elif not declared and len(spoken) > 1:
        yield finding("several_languages", counted=_listed(sorted(spoken)))


def _files(package: PackageReader, manifest: Manifest) -> Iterator[PackageWarning]:
    sizes = {path: package.size(path) for path in package.names()}
    large = sorted((path for path in sizes if sizes[path] > LARGE_FILE), key=lambda path: -sizes[path])
    if large:
        shown = _listed([f"{path} ({sizes[path] // _MEBIBYTE} MiB)" for path in large])
        yield finding("large_files", counted=len(large), evidence=shown)
    total = sum(sizes.values())
    if total > LARGE_COURSE:
        yield finding("large_course", counted=f"{total // _MEBIBYTE:,}")
    folder = posixpath.dirname(manifest.path)
    inside = [path for path in sizes if path.startswith(f"{folder}/" if folder else "")]
    undeclared = [one for one in inside if one not in manifest.declared and not one.lower().endswith(_NOT_CONTENT)]
    if undeclared:
        yield finding("undeclared_files", counted=len(undeclared), evidence=_listed(undeclared))


def _place(package: PackageReader, found: Site) -> Place:
    function, call = found
    text = package.read(function.file).decode("utf-8", "replace")
    return Place(function.file, line_at(text, call.offset))


def _listed(things: Iterable[str]) -> str:
    shown = list(things)
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more
