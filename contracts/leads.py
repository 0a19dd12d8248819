"""What a lead's values are: the same for the rules, a model, the API and the pages."""

import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from contracts.base import Answer

Period = Literal["once", "month", "year"]
Amount = Annotated[str, StringConstraints(pattern=r"^(0|[1-9]\d*)(\.\d*[1-9])?$")]
Count = Annotated[int, Field(ge=1)]


class Money(Answer):
    """An amount, or the bounds that were said, as decimal strings; `currency` is ISO 4217. None was not said."""

    amount: Amount | None = None
    low: Amount | None = None
    high: Amount | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    period: Period | None = None

    @model_validator(mode="after")
    def _is_one_or_bounded(self) -> Self:
        if (self.amount is None) == (self.low is None and self.high is None):
            raise ValueError(f"either an amount or bounds, not {self!r}")
        if self.low is not None and self.high is not None and float(self.low) >= float(self.high):
            raise ValueError(f"bounds out of order: {self!r}")
        return self


class When(Answer):
    """The visitor's words for a time, and the day, or the first and last day, that they mean if they mean any."""

    text: str
    date: datetime.date | None = None
    start: datetime.date | None = None
    end: datetime.date | None = None

    @model_validator(mode="after")
    def _is_one_day_or_several(self) -> Self:
        if (self.start is None) != (self.end is None) or (self.date and self.start):
            raise ValueError(f"a date, a start with an end, or neither, not {self!r}")
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError(f"days out of order: {self!r}")
        return self


class Size(Answer):
    """People: a number, or the bounds that were said."""

    number: Count | None = None
    low: Count | None = None
    high: Count | None = None

    @model_validator(mode="after")
    def _is_one_or_bounded(self) -> Self:
        if (self.number is None) == (self.low is None and self.high is None):
            raise ValueError(f"either a number or bounds, not {self!r}")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"bounds out of order: {self!r}")
        return self
