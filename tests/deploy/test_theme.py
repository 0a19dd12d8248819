"""The theme: every option is one that Streamlit knows, its files exist, and its colours meet WCAG 2.2 AA."""

import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FRONTEND = Path(__file__).parents[2] / "frontend"
CONFIG: dict[str, Any] = tomllib.loads((FRONTEND / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
THEMES = ("light", "dark")
BADGES = ("red", "orange", "yellow", "green", "blue", "violet", "gray")
TEXT, GRAPHICS = 4.5, 3.0
# Streamlit draws placeholders and secondary text as the text colour at this opacity.
FADED = 0.6
# Streamlit's white; the dark theme's primary needs a dark label, which the pages' style sheet sets.
BUTTON_TEXT = {"light": "#FFFFFF", "dark": CONFIG["theme"]["dark"]["backgroundColor"]}
SVG = "{http://www.w3.org/2000/svg}"

Rgb = tuple[float, float, float]


def _rgb(color: str) -> Rgb:
    """`#RRGGBB` as 0..255 channels."""
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return red, green, blue


def _over(color: Rgb, opacity: float, background: Rgb) -> Rgb:
    red, green, blue = (c * opacity + b * (1 - opacity) for c, b in zip(color, background, strict=True))
    return red, green, blue


def _luminance(color: Rgb) -> float:
    """Relative luminance, 0..1 (WCAG 2.2, section 1.4.3)."""
    shares = (channel / 255 for channel in color)
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: Rgb, second: Rgb) -> float:
    """1..21 (WCAG 2.2, section 1.4.3)."""
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _surfaces(theme: dict[str, Any]) -> dict[str, str]:
    """The backgrounds that text stands on."""
    return {
        "page": theme["backgroundColor"],
        "widget": theme["secondaryBackgroundColor"],
        "sidebar": theme["sidebar"]["backgroundColor"],
    }


def _text_pairs(theme: dict[str, Any]) -> Iterator[tuple[str, Rgb, Rgb]]:
    text = _rgb(theme["textColor"])
    for name, color in _surfaces(theme).items():
        surface = _rgb(color)
        yield f"text on {name}", text, surface
        yield f"faded text on {name}", _over(text, FADED, surface), surface
        yield f"gray text on {name}", _rgb(theme["grayTextColor"]), surface
        yield f"link on {name}", _rgb(theme["linkColor"]), surface
        yield f"primary on {name}", _rgb(theme["primaryColor"]), surface
        for badge in BADGES:
            yield f"{badge} text on {name}", _rgb(theme[f"{badge}TextColor"]), surface
    for badge in BADGES:
        yield f"{badge} badge", _rgb(theme[f"{badge}TextColor"]), _rgb(theme[f"{badge}BackgroundColor"])
    yield "code", _rgb(theme["codeTextColor"]), _rgb(theme["codeBackgroundColor"])
    yield "table header", _rgb(theme["dataframeHeaderTextColor"]), _rgb(theme["dataframeHeaderBackgroundColor"])
    yield "selected page", text, _rgb(theme["sidebar"]["secondaryBackgroundColor"])


@pytest.mark.parametrize("name", THEMES)
def test_every_text_colour_has_a_contrast_of_four_and_a_half(name: str) -> None:
    theme = CONFIG["theme"][name]
    ratios = {pair: round(contrast(front, back), 2) for pair, front, back in _text_pairs(theme)}
    ratios["primary button"] = round(contrast(_rgb(BUTTON_TEXT[name]), _rgb(theme["primaryColor"])), 2)
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < TEXT} == {}


@pytest.mark.parametrize("name", THEMES)
def test_chart_colours_stand_out_from_the_page(name: str) -> None:
    theme = CONFIG["theme"][name]
    page = _rgb(theme["backgroundColor"])
    ratios = {color: round(contrast(_rgb(color), page), 2) for color in theme["chartCategoricalColors"]}
    assert {color: ratio for color, ratio in ratios.items() if ratio < GRAPHICS} == {}


@pytest.mark.parametrize("name", THEMES)
def test_the_wordmark_is_readable_in_its_theme(name: str) -> None:
    paths = ET.parse(FRONTEND / "static" / f"logo-{name}.svg").getroot().findall(f"{SVG}path")
    word = _rgb(paths[-1].attrib["fill"])
    for surface in _surfaces(CONFIG["theme"][name]).values():
        assert contrast(word, _rgb(surface)) >= TEXT


def test_the_known_extremes_of_contrast_are_computed_right() -> None:
    assert contrast(_rgb("#000000"), _rgb("#FFFFFF")) == pytest.approx(21)
    assert contrast(_rgb("#767676"), _rgb("#FFFFFF")) == pytest.approx(4.54, abs=0.01)


def _shown_config(folder: Path) -> str:
    command = [sys.executable, "-m", "streamlit", "config", "show"]
    shown = subprocess.run(command, cwd=folder, check=True, timeout=60, capture_output=True, text=True)
    return shown.stdout + shown.stderr


def test_streamlit_knows_every_option_of_the_file() -> None:
    shown = _shown_config(FRONTEND)
    assert "not a valid config option" not in shown
    values = tomllib.loads(shown[shown.index("[global]") :])
    assert values["server"]["allowedHosts"] == ["localhost", "127.0.0.1"]
    assert values["theme"]["dark"]["sidebar"]["backgroundColor"] == "#0B1013"


def test_an_unknown_option_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text("[server]\nenableStaticServings = true\n", encoding="utf-8")
    assert "not a valid config option" in _shown_config(tmp_path)


def test_the_interface_stays_on_this_machine_and_tells_nobody() -> None:
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert CONFIG["server"]["allowedHosts"]
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert CONFIG["client"]["toolbarMode"] == "minimal"


def test_every_font_is_a_local_file_with_its_licence() -> None:
    for face in CONFIG["theme"]["fontFaces"]:
        file = FRONTEND / face["url"].removeprefix("app/")
        assert file.read_bytes()[:4] == b"wOF2"
        licence = file.parent / f"{file.name.split('-latin')[0]}-LICENSE.txt"
        assert "SIL Open Font License" in licence.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", sorted((FRONTEND / "static").glob("*.svg")), ids=lambda file: file.name)
def test_a_drawing_has_a_name_and_loads_nothing_from_outside(file: Path) -> None:
    root = ET.parse(file).getroot()
    assert root.attrib["aria-label"]
    text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not any(mark in text for mark in ("http", "<script", "<image", "@import", "<text"))
