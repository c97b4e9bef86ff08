"""From the data model to what sequencing takes in: what content itself set since it was delivered."""

import math

from passback_scorm.rte.initial import OBJECTIVES, STORES
from passback_scorm.rte.model import DataModel
from passback_scorm.sequencing.result import ObjectiveResult, RteResult

_NONE = "_none_"


def result_of(model: DataModel) -> RteResult:
    """Return what content set in this session; what it merely found there (`given`) is left out."""
    found = {
        model.text(f"{OBJECTIVES}.{n}.id"): _reported(model, f"{OBJECTIVES}.{n}")
        for n in range(model.counts.get(OBJECTIVES, 0))
    }
    stores = ((model.text(f"{STORES}.{n}.id"), f"{STORES}.{n}.store") for n in range(model.counts.get(STORES, 0)))
    own = _reported(model, "cmi")
    return RteResult(
        own.success_status,
        own.completion_status,
        own.score_scaled,
        own.score_raw,
        own.score_min,
        own.score_max,
        own.progress_measure,
        exit=_said(model, "cmi.exit"),
        objectives={name: one for name, one in found.items() if one != ObjectiveResult()},
        shared_data={target: model.text(name) for target, name in stores if name in model.values},
    )


def asked(model: DataModel) -> str:
    """Return the navigation request that content left in adl.nav.request; "" for none (SN 4th edition, 5.6.2)."""
    request = _said(model, "adl.nav.request")
    return "" if request == _NONE else request


def split_request(request: str) -> tuple[str, str]:
    """Return the request and its target: `{target=a}choice` is choice of a."""
    if not request.startswith("{target="):
        return request, ""
    target, _, verb = request.removeprefix("{target=").rpartition("}")
    return verb, target


def _said(model: DataModel, name: str) -> str:
    return model.text(name) if name in model.values else ""


def _reported(model: DataModel, base: str) -> ObjectiveResult:
    return ObjectiveResult(
        _said(model, f"{base}.success_status"),
        _said(model, f"{base}.completion_status"),
        _number(model, f"{base}.score.scaled", -1.0, 1.0),
        _number(model, f"{base}.score.raw"),
        _number(model, f"{base}.score.min"),
        _number(model, f"{base}.score.max"),
        _number(model, f"{base}.progress_measure", 0.0, 1.0),
    )


def _number(model: DataModel, name: str, low: float = -math.inf, high: float = math.inf) -> float | None:
    """Return a number that content set, brought into its range: lenient rules let rounding errors pass."""
    text = _said(model, name)
    return min(max(float(text), low), high) if text else None
