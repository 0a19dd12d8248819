"""How far a long task is, as its steps tell the job."""

from collections.abc import Awaitable, Callable

Progress = Callable[[str, int, int], Awaitable[None]]
"""Awaited with a stage, what is done of it and all of it, 0 while that is unknown; raises when the job is cancelled."""
Following = Callable[[str, int, int, str], Awaitable[None]]
"""As `Progress`, and with what keeps the task waiting, or is to be known of it; "" where there is nothing."""
