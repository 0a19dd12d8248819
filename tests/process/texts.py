"""Documents of any length, different for each name."""


def handbook(name: str, *, chapters: int) -> bytes:
    """Markdown with that many chapters of 60 words."""
    parts = [f"# The {name} handbook\n"]
    for number in range(chapters):
        parts.append(
            f"## How do I set up {name} device {number}?\n\n"
            f"Open the cover of device {number} and press the green button of the {name} until the lamp is blue. "
            f"Close the cover, wait for {number % 50 + 2} seconds and read the number on the display.\n\n"
            f"The device is a machine of the {name} series that measures the pressure of the water in hall {number}. "
            f"It is checked every {number % 11 + 2} months by the people who run the hall.\n"
        )
    return "\n".join(parts).encode()
