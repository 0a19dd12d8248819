"""Which model answers: provider settings, their keys, and the agents that use them."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pydantic import SecretStr

from backend.agents.factory import AgentConfig, AgentFactory, ProviderChoice
from backend.agents.providers import PROVIDERS, ProviderConfig, Timeouts, Vendor
from backend.agents.providers.base import GenerationRequest, Message, Sampling, collect
from backend.db.models import Agent, Credential
from backend.errors import InvalidRequest, NotFound
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.security.secrets import SecretBox
from backend.tracing.track import track
from contracts import providers as wire

CHECK: Final = "Answer with the single word: ready"
HINT: Final = 4


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
        async with self._uow.read(principal.workspace_id) as tx:
            stored = {row.provider: row for row in await tx.access.credentials()}
        return [_to_wire(vendor, stored.get(vendor.name)) for vendor in PROVIDERS.vendors.values()]

    @track("providers.configure")
    async def configure(self, principal: Principal, name: str, new: wire.ProviderSettings) -> wire.Provider:
        """Raises `InvalidRequest` when another URL is given without its key: a stored key goes nowhere else."""
        vendor = _vendor(name)
        if vendor.place == "offline":
            raise InvalidRequest(f"the provider {name!r} has nothing to configure")
        if new.base_url is not None:
            self._check_url(new.base_url)
        async with self._uow(principal.workspace_id) as tx:
            before = await tx.access.credential(name)
            await tx.access.put_credential(name, **self._merged(tx.workspace_id, vendor, before, new))
            after = await tx.access.credential(name)
        return _to_wire(vendor, after)

    def _merged(
        self, workspace_id: UUID, vendor: Vendor, before: Credential | None, new: wire.ProviderSettings
    ) -> dict[str, str | None]:
        url = new.base_url or (before.base_url if before else None) or vendor.default_url
        if url is None:
            raise InvalidRequest(f"give the base_url of the {vendor.label} server, such as http://127.0.0.1:8080/v1")
        sealed, hint = (before.sealed_key, before.key_hint) if before else (None, None)
        if new.api_key is not None:
            secret = _usable_key(new.api_key)
            sealed, hint = self._secrets.encrypt(secret, bound_to=_binding(workspace_id, url)), secret[-HINT:]
        elif sealed is not None and before is not None and url != before.base_url:
            raise InvalidRequest("the stored key belongs to another base_url; enter the key again for this one")
        model = _usable_model(new.model) or (before.model if before else None)
        return {"base_url": url, "sealed_key": sealed, "key_hint": hint, "model": model}

    @track("providers.forget")
    async def forget(self, principal: Principal, name: str) -> None:
        """Removes the settings and the key. Agents on this provider go back to the built-in one."""
        _vendor(name)
        async with self._uow(principal.workspace_id) as tx:
            await tx.access.delete_credential(name)
            for agent in await tx.access.agents():
                if agent.provider == name:
                    agent.provider, agent.model = "builtin", "builtin"

    @track("providers.check")
    async def check(self, principal: Principal, name: str) -> wire.ProviderCheck:
        """One short request. Raises what the provider raises."""
        async with self._uow.read(principal.workspace_id) as tx:
            choice = await self._choice(tx, name, "")
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

    # --- agents ---------------------------------------------------------------
    async def agents(self, principal: Principal) -> list[wire.Agent]:
        async with self._uow.read(principal.workspace_id) as tx:
            return [_agent(row) for row in await tx.access.agents()]

    async def agent(self, principal: Principal, agent_id: UUID) -> wire.Agent:
        async with self._uow.read(principal.workspace_id) as tx:
            return _agent(await tx.access.agent(agent_id))

    @track("agents.edit")
    async def edit_agent(self, principal: Principal, agent_id: UUID, edit: wire.AgentEdit) -> wire.Agent:
        async with self._uow(principal.workspace_id) as tx:
            agent = await tx.access.agent(agent_id)
            provider = edit.provider or agent.provider
            model = _usable_model(edit.model) or (agent.model if provider == agent.provider else "")
            choice = await self._choice(tx, provider, model)
            self._factory.rag(AgentConfig(choice))
            agent.provider, agent.model = provider, choice.model_name
            return _agent(agent)

    async def answerer(self, tx: Tx) -> Answerer:
        """The default agent, ready for the factory; the built-in provider is not a fallback of its own."""
        agent = await tx.access.default_agent()
        return Answerer(agent, AgentConfig(await self._choice(tx, agent.provider, agent.model)))

    async def _choice(self, tx: Tx, name: str, model: str) -> ProviderChoice:
        vendor = _vendor(name)
        stored = await tx.access.credential(name)
        url = stored.base_url if stored else vendor.default_url
        default_model = (stored.model if stored else None) or next(iter(vendor.default_models), "")
        config = ProviderConfig(
            name=name,
            base_url=url,
            api_key=self._key(tx.workspace_id, vendor, stored),
            default_model=default_model,
            key_base_url=url,
            timeouts=self._timeouts,
        )
        if vendor.needs_key and config.api_key is None:
            raise InvalidRequest(f"{vendor.label} needs a key; enter it under Settings")
        if vendor.place != "offline" and not (model or default_model):
            raise InvalidRequest(f"choose a model for {vendor.label} under Settings")
        return ProviderChoice(config, model)

    def _key(self, workspace_id: UUID, vendor: Vendor, stored: Credential | None) -> SecretStr | None:
        if stored is not None and stored.sealed_key is not None and stored.base_url is not None:
            binding = _binding(workspace_id, stored.base_url)
            return SecretStr(self._secrets.decrypt(stored.sealed_key, bound_to=binding))
        return _environment_key(vendor, stored.base_url if stored else vendor.default_url)


def _usable_key(key: SecretStr) -> str:
    """The key without the blanks that copying leaves around it."""
    secret = key.get_secret_value().strip()
    if not secret or not all("!" <= sign <= "~" for sign in secret):
        raise InvalidRequest("a key consists of visible ASCII characters; copy it again from the vendor's page")
    return secret


def _usable_model(name: str | None) -> str | None:
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


def _to_wire(vendor: Vendor, stored: Credential | None) -> wire.Provider:
    url = stored.base_url if stored else vendor.default_url
    from_environment = _environment_key(vendor, url) is not None
    has_key = from_environment or bool(stored and stored.sealed_key)
    is_offline = vendor.place == "offline"
    return wire.Provider(
        name=vendor.name,
        label=vendor.label,
        generates=not is_offline,
        needs_url=not is_offline and vendor.default_url is None,
        needs_key=vendor.needs_key,
        hidden=vendor.hidden,
        configured=is_offline or (has_key if vendor.needs_key else stored is not None),
        base_url=url,
        key_hint=stored.key_hint if stored else None,
        key_from_environment=from_environment and not (stored and stored.sealed_key),
        model=stored.model if stored and stored.model else next(iter(vendor.default_models), None),
        models=list(vendor.default_models),
    )


def _agent(row: Agent) -> wire.Agent:
    fields: dict[str, Any] = {name: getattr(row, name) for name in wire.Agent.model_fields}
    return wire.Agent(**fields)
