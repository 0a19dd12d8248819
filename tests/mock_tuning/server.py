"""The mock model server, which trains as well."""

from starlette.types import Receive, Scope, Send

from tests.mock_llm.server import MockLlm, MockServer
from tests.mock_tuning.app import MockTuning


class TuningServer(MockServer):
    """`tuning` may be replaced; what is no fine-tuning is answered by `app`."""

    def __init__(self, tuning: MockTuning | None = None) -> None:
        super().__init__(MockLlm())
        self.tuning = tuning or MockTuning()

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.tuning.answers(str(scope["path"])):
            await self.tuning(scope, receive, send)
        else:
            await super()._dispatch(scope, receive, send)
