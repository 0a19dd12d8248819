"""What an alias means to whoever asks by its name."""

from dataclasses import replace

from backend.db.finetuning import TunedModel
from backend.db.models import Agent
from backend.errors import Conflict, InvalidRequest
from backend.repositories.uow import Tx
from backend.services.asking import Question
from contracts.comparisons import Contestant, Target


async def meaning(tx: Tx, name: str) -> Contestant | None:
    """The contestant that the alias stands for now; None for what is no alias."""
    move = await tx.aliases.meant(name)
    return Contestant.model_validate(move.contestant) if move is not None else None


async def meant(tx: Tx, question: Question) -> Question:
    """The question to what its alias means; as it is where it names none. Raises `InvalidRequest` where an agent is to
    take an alias of another one as its model, or to answer without its documents."""
    if question.model is None or question.provider is not None:
        return question
    found = await meaning(tx, question.model)
    if found is None:
        return question
    if question.agent_id not in (None, found.target.agent_id) and not is_model(found):
        raise InvalidRequest(
            f"model: the alias {question.model!r} means the agent {found.name!r}, which no other agent can take as its "
            "model; ask the alias without agent_id, or name a model"
        )
    if not is_model(found) and not question.documents:
        raise InvalidRequest(
            f"documents: the alias {question.model!r} means the agent {found.name!r}, which reads its documents; ask a "
            "model without them"
        )
    return to_target(question, found.target)


async def as_agent_asks(tx: Tx, question: Question, agent: Agent) -> Question:
    """An agent whose model is an alias asks what that means, without its documents where that was promoted without
    them. Raises `Conflict` for an alias of an agent: promotions and edits of agents refuse that, unless both came at
    the same time."""
    if question.model is not None or question.provider is not None or not agent.model:
        return question
    found = await meaning(tx, agent.model)
    if found is None:
        return question
    if not is_model(found):
        raise Conflict(
            f"the model of the agent {agent.name!r} is the alias {agent.model!r}, which means the agent "
            f"{found.name!r}, no model; roll the alias back, or give the agent another model"
        )
    return to_target(replace(question, agent_id=agent.id), found.target)


def searches(contestant: Contestant) -> bool:
    """Whether an agent can search with it."""
    return contestant.kind == "tuned_retrieval" and contestant.model_id is not None


def is_model(contestant: Contestant) -> bool:
    """Whether an agent can answer with it. Another agent is more than a model: it has documents, instructions and
    fallbacks of its own, which were voted for, too, and which the agent that took it would not have."""
    return contestant.target.agent_id is None


async def retrieval_named(tx: Tx, name: str) -> TunedModel | None:
    """Tuned retrieval by its name or an alias; None for what is gone. Raises `Conflict` for an alias of something else:
    promotions and edits of agents refuse that, unless both came at the same time."""
    found = await meaning(tx, name)
    if found is None:
        return await tx.tuning.named(name)
    if not searches(found) or found.model_id is None:
        raise Conflict(
            f"the agent searches with the alias {name!r}, which means {found.name!r}, no tuned retrieval; roll the "
            "alias back, or give the agent another retrieval_model"
        )
    return await tx.tuning.find_model(found.model_id)


def to_target(question: Question, target: Target) -> Question:
    """The same question to another target; an agent that is asked already keeps being asked."""
    return replace(
        question,
        agent_id=question.agent_id or target.agent_id,
        provider=target.provider,
        model=target.model,
        documents=question.documents and target.documents,
    )
