"""What to begin an agent with: one TOML file each, whose name is the template's id."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

from backend.agents.personas import layered
from backend.errors import InvalidRequest
from contracts.agents import AgentNew, AgentTemplate

ORDER: Final = ("sales", "support", "onboarding")


@cache
def templates() -> tuple[AgentTemplate, ...]:
    """In the order in which they are offered."""
    return tuple(
        AgentTemplate.model_validate({"id": id, **tomllib.loads(files(__name__).joinpath(f"{id}.toml").read_text())})
        for id in ORDER
    )


def completed(new: AgentNew) -> AgentNew:
    """With what its template says where it says nothing itself; of a persona, each field by itself.

    Raises `InvalidRequest` for a template that is not there.
    """
    if new.template is None:
        return new
    found = next((one for one in templates() if one.id == new.template), None)
    if found is None:
        raise InvalidRequest(f"template: no template {new.template!r}; known: {list(ORDER)}")
    said = found.settings
    taken = {name: getattr(said, name) for name in said.model_fields_set - new.model_fields_set}
    persona = layered(said.persona, new.persona)
    return new.model_copy(update={**taken, "persona": persona})
