"""The part of the typed client about comparisons, votes and what is promoted."""

from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

from contracts.comparisons import (
    Alias,
    AuditEvent,
    Comparison,
    Contest,
    ContestDetail,
    ContestEdit,
    NewComparison,
    NewVote,
    Promotion,
    Rollback,
)
from contracts.page import Page
from frontend.api_calls import Calls
from frontend.chat_stream import ComparisonStream


class ComparingApi(Calls):
    """Lists are newest first."""

    @contextmanager
    def compare(self, new: NewComparison) -> Generator[ComparisonStream]:
        """Its lanes as they are made; those of a blind one together, at its end."""
        with self._events("/compare", new.model_copy(update={"stream": True})) as source:
            yield ComparisonStream(source)

    def comparisons(
        self,
        *,
        contest_id: UUID | None = None,
        batch_id: UUID | None = None,
        to_vote: bool = False,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Comparison]:
        """Those of a batch in its order. `to_vote` leaves out those that the person has voted on."""
        wanted = {"contest_id": contest_id, "batch_id": batch_id, "to_vote": "true" if to_vote else None}
        return self._get(Page[Comparison], "/comparisons", {**wanted, "limit": limit, "cursor": cursor})

    def comparison(self, comparison_id: UUID) -> Comparison:
        return self._get(Comparison, f"/comparisons/{comparison_id}")

    def vote(self, comparison_id: UUID, choice: str) -> Comparison:
        """`choice` is the label of a lane, `all_good` or `all_bad`."""
        new = NewVote.model_validate({"choice": choice})
        return self._write("POST", Comparison, f"/comparisons/{comparison_id}/vote", new)

    # --- contests ------------------------------------------------------------
    def contests(self, *, limit: int = 50, cursor: str | None = None) -> Page[Contest]:
        return self._get(Page[Contest], "/contests", {"limit": limit, "cursor": cursor})

    def contest(self, contest_id: UUID) -> ContestDetail:
        return self._get(ContestDetail, f"/contests/{contest_id}")

    def close_contest(self, contest_id: UUID, *, closed: bool) -> ContestDetail:
        return self._write("PATCH", ContestDetail, f"/contests/{contest_id}", ContestEdit(closed=closed))

    def delete_contest(self, contest_id: UUID) -> None:
        self._send("DELETE", f"/contests/{contest_id}")

    # --- aliases -------------------------------------------------------------
    def aliases(self) -> list[Alias]:
        """By name."""
        return self._get(list[Alias], "/aliases")

    def delete_alias(self, name: str) -> None:
        """409 while an agent uses it."""
        self._send("DELETE", f"/aliases/{name}")

    def promote(self, name: str, promotion: Promotion) -> Alias:
        """409 `undecided` while the votes do not say so and no reason is given."""
        return self._write("POST", Alias, f"/aliases/{name}/promote", promotion)

    def roll_back(self, name: str, reason: str) -> Alias:
        return self._write("POST", Alias, f"/aliases/{name}/rollback", Rollback(reason=reason))

    def audit(self, *, limit: int = 50, cursor: str | None = None) -> Page[AuditEvent]:
        """What was promoted, rolled back and deleted."""
        return self._get(Page[AuditEvent], "/audit", {"limit": limit, "cursor": cursor})
