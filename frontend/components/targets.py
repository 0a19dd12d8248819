"""Who can be compared: agents, models that were trained here, aliases, and models of providers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from contracts.agents import Agent
from contracts.comparisons import Alias, Target
from contracts.finetuning import TunedModel
from contracts.providers import Provider
from frontend.components.notices import load
from frontend.components.words import distinct, provider_words, short_model
from frontend.layout import Frame

ALONE: Final = "Without documents"
ALONE_HELP: Final = (
    "It answers from what it learnt alone: none of your passages is shown to it. What it says may then be of the "
    "world, not of your documents."
)


@dataclass(frozen=True)
class Option:
    """`can_stand_alone`: it can be asked without documents. `searches` are the collections of its documents."""

    label: str
    target: Target
    can_stand_alone: bool = False
    searches: tuple[UUID, ...] = ()


def target_key(target: Target) -> str:
    """The same for the same target, with its documents or without."""
    return f"{target.agent_id or ''}|{target.provider or ''}|{target.model or ''}"


@dataclass(frozen=True)
class Targets:
    """What may be chosen, by key; `default` is the default agent's, `tuned` those of tuned retrieval, newest first."""

    options: Mapping[str, Option]
    default: str
    tuned: Sequence[str]

    @property
    def labels(self) -> dict[str, str]:
        return distinct({key: one.label for key, one in self.options.items()})

    def of_model(self, model_name: str) -> str:
        """The key of a model that was trained here, "" where it cannot be asked."""
        key = target_key(Target(model=model_name))
        return key if key in self.options else ""

    def searched(self, targets: Sequence[Target]) -> list[UUID]:
        """The collections that all of them search; where there is none, those that any of them does."""
        each = [set(self.options[key].searches) for one in targets if (key := target_key(one)) in self.options]
        return sorted(set.intersection(*each) or set.union(*each)) if each else []


def targets_of(frame: Frame) -> Targets | None:
    """None after the problem was shown. Who may not see the models trained here is not offered them."""
    agents = load("agents", frame.api.agents)
    providers = load("providers", frame.api.providers)
    aliases = load("aliases", frame.api.aliases)
    models = load("tuned_models", frame.api.tuned_models) if frame.can("models.read") else None
    if agents is None or providers is None or aliases is None:
        return None
    return offered_targets(agents.items, models.items if models is not None else [], aliases, providers)


def offered_targets(
    agents: Sequence[Agent], models: Sequence[TunedModel], aliases: Sequence[Alias], providers: Sequence[Provider]
) -> Targets:
    usable = [model for model in models if model.state == "usable" and model.makes != "embeddings"]
    default = next((one for one in agents if one.is_default), None)
    gone = {model.id for model in models if model.state != "usable"}
    searches = {one.id: (one.collection_id, *one.more_collection_ids) for one in agents}
    usual = searches[default.id] if default is not None else ()
    options = [
        *(Option(f"{one.name} (agent)", Target(agent_id=one.id), searches=searches[one.id]) for one in agents),
        *(_of_model(one, usual) for one in usable),
        *(option for one in providers for option in _of_provider(one, usual)),
        # The last: what an alias means is one of the others, and two that are the same cannot be compared.
        *(_of_alias(one, searches, usual) for one in aliases if one.current.contestant.model_id not in gone),
    ]
    return Targets(
        {target_key(option.target): option for option in options},
        target_key(Target(agent_id=default.id)) if default is not None else "",
        [target_key(Target(model=one.name)) for one in usable if is_retrieval(one)],
    )


def is_retrieval(model: TunedModel) -> bool:
    """Whether it is tuned retrieval; the others write answers themselves."""
    return model.collection_id is not None


def _of_model(model: TunedModel, usual: tuple[UUID, ...]) -> Option:
    target = Target(model=model.name)
    if model.collection_id is not None:
        return Option(f"{model.name} (tuned retrieval)", target, searches=(model.collection_id,))
    return Option(f"{model.name} (model trained here)", target, can_stand_alone=True, searches=usual)


def _of_alias(alias: Alias, searches: Mapping[UUID, tuple[UUID, ...]], usual: tuple[UUID, ...]) -> Option:
    means = alias.current.contestant
    searched = searches.get(means.agent_id, ()) if means.agent_id is not None else usual
    if means.kind == "tuned_retrieval" and means.collection_id is not None:
        searched = (means.collection_id,)
    return Option(alias_label(alias), Target(model=alias.name), searches=searched)


def alias_label(alias: Alias) -> str:
    return f"{alias.name} (alias, now {alias.current.contestant.name})"


def _of_provider(provider: Provider, usual: tuple[UUID, ...]) -> list[Option]:
    """Its usual model first; nothing of one that only quotes, is not set up, or is for tests."""
    if not (provider.configured and provider.generates) or provider.hidden:
        return []
    name, _ = provider_words(provider.label)
    names = dict.fromkeys(one for one in (provider.model, *provider.models) if one)
    return [
        Option(
            f"{short_model(model)} ({name})",
            Target(provider=provider.name, model=model),
            can_stand_alone=True,
            searches=usual,
        )
        for model in names
    ]
