"""Who takes part in a comparison, and what makes one the same the next time."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from backend.agents.providers import PROVIDERS, builtin
from backend.db.base import Json
from backend.errors import InvalidRequest
from backend.repositories.uow import Tx
from backend.retrieval.base import SearchResult
from backend.retrieval.naming import listed
from backend.retrieval.shared import Shared
from backend.services.alias_names import meant, to_target
from backend.services.answering import Answering, Inquiry
from backend.services.asking import Question
from backend.services.tuned_models import answers
from contracts.comparisons import Contestant, Target, TargetKind


@dataclass(frozen=True, slots=True)
class Entry:
    """A lane before it has answered."""

    contestant: Contestant
    inquiry: Inquiry


async def entries_of(tx: Tx, answering: Answering, message: str, targets: Sequence[Target]) -> list[Entry]:
    """In the order of the targets. Raises what an inquiry raises, with the place of the lane, and `InvalidRequest`
    where two targets turn out to be the same."""
    found: list[Entry] = []
    for place, target in enumerate(targets):
        entry = await _entry(tx, answering, message, target)
        twin = next((n for n, one in enumerate(found) if one.contestant.key == entry.contestant.key), None)
        if twin is not None:
            raise InvalidRequest(
                f"lanes[{twin}] and lanes[{place}] are the same: both are {entry.contestant.name!r}, "
                f"{entry.contestant.about}; compare two that differ"
            )
        found.append(entry)
    return found


async def _entry(tx: Tx, answering: Answering, message: str, target: Target) -> Entry:
    question = to_target(Question(message), target)
    # A target says only that documents are left out: what an alias was promoted without stays without.
    question = await meant(tx, replace(question, documents=None if target.documents else False))
    # What is compared must be what answers: no other model may stand in, except where that is the agent's own way.
    if question.agent_id is None or question.model is not None:
        question = replace(question, stands_in=False)
    inquiry = await answering.inquiry(tx, question)
    asked = Target(
        agent_id=question.agent_id, provider=question.provider, model=question.model, documents=question.reads
    )
    return Entry(_contestant(asked, inquiry), inquiry)


def _contestant(target: Target, inquiry: Inquiry) -> Contestant:
    config, tuned = inquiry.answerer.config, inquiry.tuned
    provider, model = config.primary.config.name, config.primary.model_name
    kind = _kind(target, inquiry)
    return Contestant(
        key=f"{kind}-{_fingerprint(target, inquiry)}",
        kind=kind,
        name=_name(target, inquiry, kind),
        about=_about(inquiry, kind),
        target=target,
        provider=provider,
        model=model,
        agent_id=target.agent_id,
        model_id=tuned.id if tuned is not None else None,
        collection_id=inquiry.collection_id if target.documents else None,
    )


def _kind(target: Target, inquiry: Inquiry) -> TargetKind:
    if target.agent_id is not None:
        return "agent"
    if inquiry.tuned is None:
        return "model"
    return "tuned_model" if answers(inquiry.tuned) else "tuned_retrieval"


def _name(target: Target, inquiry: Inquiry, kind: TargetKind) -> str:
    if kind == "agent":
        agent = inquiry.answerer.agent.name
        return f"{agent} with {target.model}" if target.model is not None else agent
    if inquiry.tuned is not None:
        return inquiry.tuned.name
    primary = inquiry.answerer.config.primary
    return primary.model_name or primary.config.name


def _about(inquiry: Inquiry, kind: TargetKind) -> str:
    primary = inquiry.answerer.config.primary
    vendor = PROVIDERS.vendors.get(primary.config.name)
    label = vendor.label.split(" (")[0] if vendor is not None else primary.config.name
    who = label if primary.config.name == builtin.NAME or kind == "tuned_model" else f"{label}, {primary.model_name}"
    if not inquiry.question.reads:
        return f"{who}, without documents"
    searched = inquiry.tuned if inquiry.tuned is not None and not answers(inquiry.tuned) else None
    tuned = f", tuned retrieval {searched.name}" if searched is not None and kind == "agent" else ""
    return f"{who}, from {listed([one.name for one in inquiry.collections])}{tuned}"


def _fingerprint(target: Target, inquiry: Inquiry) -> str:
    """Of everything that an answer depends on but the documents: an agent that is changed is another contestant."""
    config, question = inquiry.answerer.config, inquiry.question
    parts: dict[str, Any] = {
        "agent": str(target.agent_id),
        "models": [(one.config.name, one.config.base_url, one.model_name) for one in config.choices],
        "instructions": config.told,
        "sampling": [config.sampling.temperature, config.sampling.max_tokens],
        "history": config.history,
        "steps": sorted(config.steps),
        "collection": str(inquiry.collection_id) if question.reads else None,
        "vectors": inquiry.collections[0].spec_key if question.reads else None,
        "tuned": str(inquiry.tuned.id) if inquiry.tuned is not None else None,
    }
    if question.reads and len(inquiry.collections) > 1:
        parts["more"] = sorted([str(one.id), one.spec_key] for one in inquiry.collections[1:])
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def contest_key(contestants: Sequence[Contestant]) -> str:
    """The same for the same contestants in any order."""
    return hashlib.sha256("\n".join(sorted(one.key for one in contestants)).encode()).hexdigest()


def stored(contestants: Sequence[Contestant]) -> Json:
    ordered = sorted(contestants, key=lambda one: one.key)
    return {"items": [one.model_dump(mode="json") for one in ordered]}


def contestants_of(stored: Json) -> list[Contestant]:
    return [Contestant.model_validate(one) for one in stored["items"]]


def names_of(contestants: Sequence[Contestant]) -> dict[str, str]:
    """Key -> a name that no other one has."""
    taken: set[str] = set()
    found: dict[str, str] = {}
    for one in contestants:
        name, number = one.name, 1
        while name in taken:
            number += 1
            name = f"{one.name} ({number})"
        taken.add(name)
        found[one.key] = name
    return found


def fresh(entry: Entry, message: str, searches: Shared[SearchResult]) -> Inquiry:
    """The same contestant asked another question: nothing of an earlier answer is in it. `searches` are that one's."""
    inquiry = entry.inquiry
    return Inquiry(
        question=replace(inquiry.question, message=message),
        collections=inquiry.collections,
        agent_id=inquiry.agent_id,
        answerer=inquiry.answerer,
        tuned=inquiry.tuned,
        searches=searches,
    )
