"""What an alias means to whoever asks by its name."""

from dataclasses import replace

from backend.db.finetuning import TunedModel
from backend.db.models import Agent
from backend.errors import Conflict
from backend.repositories.uow import Tx
from backend.services.asking import Question
from contracts.comparisons import Contestant, Target


async def meaning(tx: Tx, name: str) -> Contestant | None:
    """The contestant that the alias stands for now; None for what is no alias."""
    move = await tx.aliases.meant(name)
    return Contestant.model_validate(move.contestant) if move is not None else None


async def meant(tx: Tx, question: Question) -> Question:
    """The question to what its alias means; as it is where it names none."""
    if question.model is None or question.provider is not None:
        return question
    found = await meaning(tx, question.model)
    return question if found is None else to_target(question, found.target)


async def as_agent_asks(tx: Tx, question: Question, agent: Agent) -> Question:
    """An agent whose model is an alias asks what that means."""
    if question.model is not None or question.provider is not None or not agent.model:
        return question
    found = await meaning(tx, agent.model)
    if found is None or found.target.agent_id is not None:
        return question
    return replace(question, agent_id=agent.id, provider=found.target.provider, model=found.target.model)


def searches(contestant: Contestant) -> bool:
    """Whether an agent can search with it."""
    return contestant.kind == "tuned_retrieval" and contestant.model_id is not None


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
        documents=target.documents,
    )
