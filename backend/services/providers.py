"""Which model answers: provider settings, their keys, and how each provider is doing."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic import SecretStr

from backend.agents.factory import AgentConfig, AgentFactory, ProviderChoice
from backend.agents.personas import layered
from backend.agents.prices import price_of
from backend.agents.providers import PROVIDERS, ProviderConfig, Timeouts, Vendor
from backend.agents.providers.base import GenerationRequest, Message, Sampling, collect
from backend.agents.providers.base_urls import base_url_of
from backend.agents.providers.breaker import Failure
from backend.db.models import Agent, Credential
from backend.errors import InvalidRequest, NotFound, UnknownStrategy
from backend.registry import installing
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.security.secrets import SecretBox
from backend.services.personas import persona_of
from backend.services.provider_use import ProviderUse
from backend.tracing.track import track
from contracts import providers as wire
from contracts.agents import AgentParameters

log = logging.getLogger("nexus.providers")

CHECK: Final = "Answer with the single word: ready"
HINT: Final = 4
HINTED: Final = 12
"""Characters of the shortest key whose last ones are shown."""


@dataclass(frozen=True, slots=True)
class Answerer:
    """An agent's row and what the factory makes it from."""

    agent: Agent
    config: AgentConfig


class ProviderService:
    """`check_url` raises `OutboundRefused` for an address that must not be called."""

    def __init__(
        self,
        uow: UnitOfWork,
        factory: AgentFactory,
        secrets: SecretBox,
        timeouts: Timeouts,
        check_url: Callable[[str], object],
    ) -> None:
        self._uow = uow
        self._factory = factory
        self._secrets = secrets
        self._timeouts = timeouts
        self._check_url = check_url

    async def all(self, principal: Principal) -> list[wire.Provider]:
        """With what the public price list says of their models; an unknown price is None."""
        async with self._uow.read(principal.workspace_id) as tx:
            stored = {row.provider: row for row in await tx.access.credentials()}
            use = await ProviderUse.read(tx)
        shown = [
            self._shown(principal.workspace_id, vendor, stored.get(vendor.name), use)
            for vendor in PROVIDERS.vendors.values()
        ]
        # The price list takes 0.3 s to load.
        return await asyncio.to_thread(_priced, shown)

    def _shown(self, workspace_id: UUID, vendor: Vendor, stored: Credential | None, use: ProviderUse) -> wire.Provider:
        config = self._config(workspace_id, vendor, stored)
        users = {
            "agents": use.answers(vendor.name),
            "fallback_of": use.stands_in(vendor.name),
            "collections": use.embeds(vendor, config),
        }
        provider = _to_wire(vendor, stored).model_copy(update=users)
        if provider.has_key and config.api_key is not None:
            # Not the stored hint: earlier releases stored one of any key.
            provider = provider.model_copy(update={"key_hint": _hint(config.api_key.get_secret_value())})
        if provider.state != "ready":
            return provider
        doing = self._factory.state(config)
        return provider.model_copy(
            update={
                "state": "paused" if doing.paused_until else "ready",
                "paused_until": doing.paused_until,
                "last_error": doing.last_error and _failure(doing.last_error),
                "failing_models": [
                    wire.FailingModel(model=name, paused_until=one.paused_until, last_error=_failure(one.last_error))
                    for name, one in doing.models.items()
                    if one.last_error is not None
                ],
            }
        )

    @track("providers.configure")
    async def configure(self, principal: Principal, name: str, new: wire.ProviderSettings) -> wire.Provider:
        """Raises `InvalidRequest` for what is no base URL, and when another one is given without its key: a stored key
        goes nowhere else; and `ProviderInUse` for another URL than that at which it embeds a collection."""
        vendor = _vendor(name)
        if vendor.place == "offline":
            raise InvalidRequest(f"the provider {name!r} has nothing to configure")
        if vendor.place == "child":
            await asyncio.to_thread(_check_local, vendor, new)
        elif new.base_url is not None:
            new = new.model_copy(update={"base_url": base_url_of(vendor, new.base_url)})
            self._check_url(new.base_url or "")
        async with self._uow(principal.workspace_id) as tx:
            before = await tx.access.credential(name)
            old = self._config(tx.workspace_id, vendor, before)
            await tx.access.put_credential(name, **self._merged(tx.workspace_id, vendor, before, new))
            after = await tx.access.credential(name)
            current = self._config(tx.workspace_id, vendor, after)
            use = await ProviderUse.read(tx)
            use.check_stays(vendor, old, current)
        if old != current:
            await self._factory.forget(old)
        return self._shown(principal.workspace_id, vendor, after, use)

    def _merged(
        self, workspace_id: UUID, vendor: Vendor, before: Credential | None, new: wire.ProviderSettings
    ) -> dict[str, str | None]:
        model = usable_model(new.model)
        if vendor.place == "child":  # the model is all that it has: without one it is the sample again
            return {"base_url": None, "sealed_key": None, "key_hint": None, "model": model}
        model = model or (before.model if before else None)
        stored = before.base_url if before else None
        # A key is sealed for the address as it was stored, which may end in a slash.
        is_same = new.base_url is None or (stored is not None and stored.rstrip("/") == new.base_url)
        url = (stored if is_same else new.base_url) or vendor.default_url
        if url is None:
            raise InvalidRequest(f"give the base_url of the {vendor.label} server, such as http://127.0.0.1:8080/v1")
        sealed, hint = (before.sealed_key, before.key_hint) if before else (None, None)
        if new.api_key is not None:
            secret = _usable_key(new.api_key)
            sealed, hint = self._secrets.encrypt(secret, bound_to=_binding(workspace_id, url)), _hint(secret)
        elif sealed is not None and before is not None and url != before.base_url:
            raise InvalidRequest("the stored key belongs to another base_url; enter the key again for this one")
        return {"base_url": url, "sealed_key": sealed, "key_hint": hint, "model": model}

    @track("providers.forget")
    async def forget(self, principal: Principal, name: str) -> None:
        """Removes the settings and the key. Agents on it go back to the built-in provider, fallbacks on it go away.

        Raises `ProviderInUse` for one that embeds a collection.
        """
        vendor = _vendor(name)
        async with self._uow(principal.workspace_id) as tx:
            old = self._config(tx.workspace_id, vendor, await tx.access.credential(name))
            use = await ProviderUse.read(tx)
            use.check_stays(vendor, old, self._config(tx.workspace_id, vendor, None))
            await tx.access.delete_credential(name)
            for agent in use.agents:
                _move_off(agent, name)
        await self._factory.forget(old)

    @track("providers.check")
    async def check(self, principal: Principal, name: str) -> wire.ProviderCheck:
        """One short request. Raises what the provider raises."""
        async with self._uow.read(principal.workspace_id) as tx:
            choice = await self.choice(tx, name, "")
        request = GenerationRequest(
            model=choice.model_name, messages=[Message("user", CHECK)], sampling=Sampling(max_tokens=16)
        )
        start = time.perf_counter()
        completion = await collect(self._factory.provider(choice.config).stream(request))
        return wire.ProviderCheck(
            ok=True,
            model=completion.done.model or choice.model_name,
            latency_ms=(time.perf_counter() - start) * 1000,
            reply=completion.text[:200],
        )

    # --- for agents -----------------------------------------------------------
    async def answerer(self, tx: Tx, agent: Agent | None = None) -> Answerer:
        """The agent, or the default one, ready for the factory. A fallback that is no longer set up is left out.

        Raises `InvalidRequest` when the agent's own provider is not set up; where only its key is gone, the fallbacks
        step in as for any other failure.
        """
        agent = agent or await tx.agents.default()
        fallbacks: list[ProviderChoice] = []
        for row in agent.fallbacks:
            try:
                fallbacks.append(await self.choice(tx, row["provider"], row["model"]))
            except InvalidRequest as exc:
                log.warning("a fallback of the agent %r is left out: %s", agent.name, exc)
        parameters = AgentParameters.model_validate(agent.parameters or {})
        config = AgentConfig(
            await self.choice(tx, agent.provider, await own_model(tx, agent), may_lack_key=bool(fallbacks)),
            tuple(fallbacks),
            instructions=parameters.instructions,
            persona=layered(await tx.agents.default_persona(), persona_of(agent)),
            sampling=Sampling(parameters.temperature, parameters.max_tokens),
            steps=frozenset(parameters.steps),
        )
        return Answerer(agent, config)

    async def choice(
        self, tx: Tx, name: str, model: str, *, field: str = "", may_lack_key: bool = False
    ) -> ProviderChoice:
        """A provider and a model of it, as they are set up here. Raises `InvalidRequest`, which names the `field`."""
        where = f"{field}: " if field else ""
        vendor = PROVIDERS.vendors.get(name)
        if vendor is None:
            known = sorted(row.name for row in PROVIDERS.vendors.values() if not row.hidden)
            raise UnknownStrategy(f"{where}no model provider {name!r}; known: {known}")
        config = await self._set_up(tx, vendor, where, may_lack_key=may_lack_key)
        if vendor.place == "server" and not (model or config.default_model):
            raise InvalidRequest(f"{where}choose a model for {vendor.label} under Settings")
        PROVIDERS.check_model(name, model)
        return ProviderChoice(config, model)

    async def _set_up(self, tx: Tx, vendor: Vendor, where: str, *, may_lack_key: bool = False) -> ProviderConfig:
        config = self._config(tx.workspace_id, vendor, await tx.access.credential(vendor.name))
        if vendor.missing_extra is not None:
            raise InvalidRequest(f"{where}{vendor.label} is not installed: {installing(vendor.missing_extra)}")
        if vendor.needs_key and config.api_key is None and not may_lack_key:
            raise InvalidRequest(f"{where}{vendor.label} needs a key; enter it under Settings")
        if vendor.place == "server" and config.base_url is None:
            raise InvalidRequest(f"{where}{vendor.label} needs its base URL; enter it under Settings")
        return config

    # --- for those that train -------------------------------------------------
    async def training_at(self, tx: Tx, name: str, *, field: str = "") -> ProviderConfig:
        """A provider that may fine-tune models, as it is set up here. Raises `InvalidRequest`, which names the
        `field`."""
        where = f"{field}: " if field else ""
        vendor = PROVIDERS.vendors.get(name)
        if vendor is None or not vendor.fine_tunes:
            known = sorted(row.name for row in PROVIDERS.vendors.values() if row.fine_tunes)
            raise InvalidRequest(f"{where}the provider {name!r} fine-tunes no models; known: {known}")
        return await self._set_up(tx, vendor, where)

    async def to_train_at(self, workspace_id: UUID, name: str) -> ProviderConfig:
        """As `training_at`."""
        async with self._uow.read(workspace_id) as tx:
            return await self.training_at(tx, name)

    async def that_train(self, tx: Tx) -> list[ProviderConfig]:
        """Those that are set up."""
        found = []
        for vendor in PROVIDERS.vendors.values():
            if vendor.fine_tunes and _is_configured(vendor, await tx.access.credential(vendor.name)):
                found.append(await self.training_at(tx, vendor.name))
        return found

    def _config(self, workspace_id: UUID, vendor: Vendor, stored: Credential | None) -> ProviderConfig:
        url = stored.base_url if stored else vendor.default_url
        return ProviderConfig(
            name=vendor.name,
            base_url=url,
            api_key=self._key(workspace_id, vendor, stored),
            default_model=(stored.model if stored else None) or next(iter(vendor.default_models), ""),
            key_base_url=url,
            timeouts=self._timeouts,
        )

    def _key(self, workspace_id: UUID, vendor: Vendor, stored: Credential | None) -> SecretStr | None:
        if stored is not None and stored.sealed_key is not None and stored.base_url is not None:
            binding = _binding(workspace_id, stored.base_url)
            return SecretStr(self._secrets.decrypt(stored.sealed_key, bound_to=binding))
        return _environment_key(vendor, stored.base_url if stored else vendor.default_url)


def _failure(failure: Failure) -> wire.ProviderFailure:
    return wire.ProviderFailure(code=failure.code, detail=failure.detail, at=failure.at)


def _usable_key(key: SecretStr) -> str:
    """The key without the blanks that copying leaves around it."""
    secret = key.get_secret_value().strip()
    if not secret or not all("!" <= sign <= "~" for sign in secret):
        raise InvalidRequest("a key consists of visible ASCII characters; copy it again from the vendor's page")
    return secret


def _hint(secret: str) -> str | None:
    return secret[-HINT:] if len(secret) >= HINTED else None


async def own_model(tx: Tx, agent: Agent) -> str:
    """The model that its provider is asked for; "", its usual one, for an agent whose model is an alias."""
    return "" if agent.model and await tx.aliases.meant(agent.model) is not None else agent.model


def usable_model(name: str | None) -> str | None:
    if name is not None and "\x00" in name:
        raise InvalidRequest("the name of a model must not contain NUL characters")
    return name


def _binding(workspace_id: UUID, base_url: str) -> str:
    return f"{workspace_id}\n{base_url}"


def _environment_key(vendor: Vendor, url: str | None) -> SecretStr | None:
    """A key of the environment goes to the vendor's own address, or, for a vendor without one, to the configured."""
    if vendor.key_variable is None or (vendor.default_url is not None and url != vendor.default_url):
        return None
    value = os.environ.get(vendor.key_variable, "").strip()
    return SecretStr(value) if value else None


def _vendor(name: str) -> Vendor:
    vendor = PROVIDERS.vendors.get(name)
    if vendor is None:
        raise NotFound(f"no model provider {name!r}; known: {sorted(PROVIDERS.vendors)}")
    return vendor


def _check_local(vendor: Vendor, new: wire.ProviderSettings) -> None:
    """Reads the start of a model file, or what a folder says of itself. Raises `InvalidRequest` for what is none, and
    for an address or a key."""
    if new.base_url is not None or new.api_key is not None:
        raise InvalidRequest(
            f"{vendor.label} has no address and no key; give the model, a .gguf file's or a folder's path"
        )
    if vendor.check_model is not None:
        vendor.check_model(usable_model(new.model) or "")


def _is_configured(vendor: Vendor, stored: Credential | None) -> bool:
    if vendor.place != "server":
        return True
    if not vendor.needs_key:
        return stored is not None
    url = stored.base_url if stored else vendor.default_url
    return bool(stored and stored.sealed_key) or _environment_key(vendor, url) is not None


def _move_off(agent: Agent, provider: str) -> None:
    if agent.provider == provider:
        agent.provider, agent.model = "builtin", "builtin"
    kept = [row for row in agent.fallbacks if row["provider"] != provider]
    if kept != agent.fallbacks:
        agent.fallbacks = kept


def _state(vendor: Vendor, stored: Credential | None) -> wire.ProviderState:
    if vendor.missing_extra is not None:
        return "missing_extra"
    return "ready" if _is_configured(vendor, stored) else "not_set_up"


def _to_wire(vendor: Vendor, stored: Credential | None) -> wire.Provider:
    url = stored.base_url if stored else vendor.default_url
    from_environment = _environment_key(vendor, url) is not None
    has_key = bool(stored and stored.sealed_key)
    able = vendor.capabilities
    return wire.Provider(
        name=vendor.name,
        label=vendor.label,
        generates=able.generates and vendor.place != "offline",
        needs_url=vendor.place == "server" and vendor.default_url is None,
        needs_key=vendor.needs_key,
        hidden=vendor.hidden,
        configured=_state(vendor, stored) == "ready",
        base_url=url,
        key_hint=None,
        has_key=has_key,
        key_from_environment=from_environment and not has_key,
        model=stored.model if stored and stored.model else next(iter(vendor.default_models), None),
        models=list(vendor.default_models),
        key_variable=vendor.key_variable,
        is_settable=vendor.place != "offline",
        is_stored=stored is not None,
        serves_files=vendor.place == "child",
        state=_state(vendor, stored),
        missing_extra=vendor.missing_extra,
        note=vendor.note,
        streams=able.streams,
        structured_output=able.structured_output,
        tools=able.tools,
    )


def _priced(providers: Sequence[wire.Provider]) -> list[wire.Provider]:
    return [provider.model_copy(update={"prices": _prices(provider)}) for provider in providers]


def _prices(provider: wire.Provider) -> list[wire.ModelPrice]:
    models = dict.fromkeys([*([provider.model] if provider.model else []), *provider.models])
    found = [(model, price_of(provider.name, model)) for model in models]
    return [
        wire.ModelPrice(model=model, input_usd=price and price.input_usd, output_usd=price and price.output_usd)
        for model, price in found
    ]
