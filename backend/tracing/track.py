"""`@track`: spans for the calls that matter, free when tracing is off.

Off costs one global read and one call, and imports nothing of the SDK.
Nothing of arguments or results is recorded unless it is named, and names come from one allow-list (attributes.py).
"""

import asyncio
import atexit
import functools
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, cast, overload

from backend.errors import NexusError
from backend.tracing.attributes import AttributeValue, wire_name, wire_value
from backend.tracing.config import TracingConfig
from backend.tracing.context import current_ids

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

    from backend.tracing.exporters import Delivery

P = ParamSpec("P")
R = TypeVar("R")
SpanKind = Literal["agent", "chain", "embedding", "evaluator", "guardrail", "llm", "reranker", "retriever", "tool"]

_tracer: "Tracer | None" = None
_delivery: "Delivery | None" = None
_span: ContextVar["Span | None"] = ContextVar("nexus_span", default=None)


def configure(config: TracingConfig, *, on_drop: Callable[[str, int], None] = lambda _target, _spans: None) -> None:
    """Start tracing as `config` says, replacing what ran before; without targets tracing is off.

    `on_drop(target, spans)` is told of lost spans, from any thread. Raises `StartRefused` for an unusable URL.
    """
    global _tracer, _delivery
    shutdown()
    if not config.targets:
        return
    from backend.tracing import exporters

    _delivery = exporters.start(config, on_drop)
    _tracer = _delivery.provider.get_tracer("ai-nexus")
    atexit.register(shutdown)


def shutdown() -> None:
    """Turn tracing off and send what waits, for at most the configured exit timeout."""
    global _tracer, _delivery
    delivery, _tracer, _delivery = _delivery, None, None
    atexit.unregister(shutdown)
    if delivery is not None:
        delivery.close()


def flush(timeout: float = 5.0) -> bool:
    """Send what waits now; False when it took longer than `timeout` seconds. Blocks: not for an event loop."""
    return _delivery is None or _delivery.flush(timeout)


def set_attribute(name: str, value: AttributeValue) -> None:
    """Record `value` on the innermost `@track` span, if there is one.

    Raises `ValueError` for a name outside the allow-list, traced or not. None, and values that are
    not short text, numbers, booleans or UUIDs, are left out.
    """
    wire = wire_name(name)
    span = _span.get()
    if span is not None:
        _put(span, wire, value)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a tracked function records: its span's name, fixed attributes, and arguments by parameter name."""

    name: str
    fixed: Mapping[str, str]
    arguments: Mapping[str, str]
    signature: inspect.Signature

    def open(self, tracer: "Tracer", args: Sequence[object], kwargs: Mapping[str, object]) -> "Span":
        from opentelemetry.context import Context
        from opentelemetry.trace import set_span_in_context

        parent = _span.get()
        # An empty context: a span of ours is never the child of a span that another library made current.
        context = Context() if parent is None else set_span_in_context(parent, Context())
        span = tracer.start_span(self.name, context=context, attributes=self.fixed)
        if parent is None:
            for name, identifier in current_ids().items():
                _put(span, wire_name(name), identifier)
        for wire, value in self._recorded(args, kwargs):
            _put(span, wire, value)
        return span

    def _recorded(self, args: Sequence[object], kwargs: Mapping[str, object]) -> Iterable[tuple[str, object]]:
        if not self.arguments:
            return ()
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError:
            return ()  # a wrong call: the function itself raises the better message
        bound.apply_defaults()
        return [(wire, bound.arguments[name]) for name, wire in self.arguments.items()]


@contextmanager
def _inside(span: "Span") -> Iterator[None]:
    token = _span.set(span)
    try:
        yield
    finally:
        _span.reset(token)


@contextmanager
def _until_end(span: "Span") -> Iterator[None]:
    """End `span` with the block, marking it with the type and code, never the text, of what the block raised."""
    try:
        yield
    except BaseException as exc:
        _mark(span, exc)
        raise
    finally:
        span.end()


def _mark(span: "Span", exc: BaseException) -> None:
    if isinstance(exc, asyncio.CancelledError | GeneratorExit):
        _put(span, "nexus.cancelled", True)
        return
    from opentelemetry.trace import Status, StatusCode

    kind = type(exc).__qualname__
    code = exc.code if isinstance(exc, NexusError) else None
    _put(span, "error.type", kind)
    _put(span, "nexus.error_code", code)
    span.set_status(Status(StatusCode.ERROR, code or kind))


def _put(span: "Span", wire: str, value: object) -> None:
    exported = wire_value(value)
    if exported is not None:
        span.set_attribute(wire, exported)


@overload
def track(target: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def track(
    target: str, /, *, record: Sequence[str] = (), kind: SpanKind | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def track(
    target: Callable[P, R] | str, /, *, record: Sequence[str] = (), kind: SpanKind | None = None
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """A span around each call: `@track`, or `@track("chat.answer", record=("collection_id", "top_k"), kind="chain")`.

    `record` names parameters whose values are recorded. For an async generator function the span lasts from
    the first item asked for to the last, or to `aclose`; the wrapper does not pass on `asend` and `athrow`.
    Raises at decoration: `ValueError` for a recorded name outside the allow-list or the signature,
    `TypeError` for a sync generator function.
    """
    if isinstance(target, str):
        name = target
        return lambda function: _decorate(function, _plan(function, name, record, kind))
    return _decorate(target, _plan(target, target.__qualname__, (), None))


def _plan(function: Callable[..., object], name: str, record: Sequence[str], kind: SpanKind | None) -> _Plan:
    signature = inspect.signature(function)
    unknown = [argument for argument in record if argument not in signature.parameters]
    if unknown:
        raise ValueError(f"@track({name!r}) records {unknown!r}, but {function.__qualname__} has no such parameter")
    fixed = {"openinference.span.kind": kind.upper()} if kind else {}
    return _Plan(name, fixed, {argument: wire_name(argument) for argument in record}, signature)


def _decorate(function: Callable[P, R], plan: _Plan) -> Callable[P, R]:
    if inspect.isasyncgenfunction(function):
        return cast("Callable[P, R]", _tracked_stream(function, plan))
    if inspect.iscoroutinefunction(function):
        return cast("Callable[P, R]", _tracked_coroutine(function, plan))
    if inspect.isgeneratorfunction(function):
        raise TypeError(f"@track cannot follow {function.__qualname__}: a sync generator; track what consumes it")
    return _tracked_call(function, plan)


def _tracked_call(function: Callable[P, R], plan: _Plan) -> Callable[P, R]:
    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        tracer = _tracer
        if tracer is None:
            return function(*args, **kwargs)
        span = plan.open(tracer, args, kwargs)
        with _until_end(span), _inside(span):
            return function(*args, **kwargs)

    return call


def _tracked_coroutine(function: Callable[..., Any], plan: _Plan) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: object, **kwargs: object) -> Any:
        tracer = _tracer
        if tracer is None:
            return await function(*args, **kwargs)
        span = plan.open(tracer, args, kwargs)
        with _until_end(span), _inside(span):
            return await function(*args, **kwargs)

    return call


def _tracked_stream(
    function: Callable[..., AsyncGenerator[object, None]], plan: _Plan
) -> Callable[..., AsyncIterator[object]]:
    @functools.wraps(function)
    def call(*args: object, **kwargs: object) -> AsyncIterator[object]:
        tracer = _tracer
        if tracer is None:
            return function(*args, **kwargs)
        return _followed(function(*args, **kwargs), lambda: plan.open(tracer, args, kwargs))

    return call


async def _followed(
    stream: AsyncGenerator[object, None], open_span: Callable[[], "Span"]
) -> AsyncGenerator[object, None]:
    span = open_span()
    with _until_end(span):
        try:
            while True:
                # The consumer's code runs between the items: it must not see this span as its own.
                with _inside(span):
                    try:
                        item = await anext(stream)
                    except StopAsyncIteration:
                        return
                yield item
        finally:
            with _inside(span):
                await stream.aclose()
