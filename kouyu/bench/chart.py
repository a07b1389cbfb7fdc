"""Draws charts as SVG text, without a library."""

import math
from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

import msgspec

_WIDTH: Final = 760
_LEFT: Final = 210
_RIGHT: Final = 30
_ROW: Final = 34
_TOP: Final = 50
_STYLE: Final = "font:13px sans-serif"
_COLOURS: Final = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df")


class DotRow(msgspec.Struct, frozen=True):
    """One row of dots: a label, and the values. A bar marks their median."""

    label: str
    values: Sequence[float]
    median: float


class Line(msgspec.Struct, frozen=True):
    """One line of a line chart, by x."""

    label: str
    points: Sequence[tuple[float, float]]


def dot_chart(title: str, unit: str, rows: Sequence[DotRow]) -> str:
    """A chart with every value as a dot, so that outliers are visible."""
    scale = _Scale(max((max(row.values, default=0) for row in rows), default=1) or 1, _LEFT, _WIDTH - _RIGHT)
    height = _TOP + _ROW * len(rows) + 40
    parts = [*_frame(title, height), *_x_axis(scale, height - 30, unit)]
    for number, row in enumerate(rows):
        y = _TOP + _ROW * number + _ROW // 2
        parts.append(f'<text x="{_LEFT - 10}" y="{y + 4}" text-anchor="end">{escape(row.label)}</text>')
        parts += [
            f'<circle cx="{scale(value):.1f}" cy="{y}" r="4" fill="{_COLOURS[0]}" fill-opacity="0.35"/>'
            for value in row.values
        ]
        x = scale(row.median)
        parts.append(f'<path d="M{x:.1f} {y - 12}V{y + 12}" stroke="{_COLOURS[1]}" stroke-width="2"/>')
    return _svg(parts, height)


def line_chart(title: str, x_label: str, lines: Sequence[Line], *, limit: float | None = None) -> str:
    """Lines over a common x; ``limit`` is drawn as a dashed line across."""
    height, bottom = 420, 370
    points = [point for line in lines for point in line.points] or [(1.0, 1.0)]
    across = _Scale(max(x for x, _ in points), 70, _WIDTH - _RIGHT)
    up = _Scale(max([y for _, y in points] + ([limit] if limit else [])) or 1, bottom, _TOP)
    parts = [*_frame(title, height), *_x_axis(across, bottom, x_label), *_y_axis(up)]
    if limit is not None:
        parts.append(f'<path d="M70 {up(limit):.1f}H{_WIDTH - _RIGHT}" stroke="#888" stroke-dasharray="6 4"/>')
    for number, line in enumerate(lines):
        colour = _COLOURS[number % len(_COLOURS)]
        path = "L".join(f"{across(x):.1f} {up(y):.1f}" for x, y in line.points)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="90" y="{_TOP + 18 * number + 8}" fill="{colour}">{escape(line.label)}</text>')
    return _svg(parts, height)


class _Scale(msgspec.Struct, frozen=True):
    """Maps values, 0 to ``high`` (above 0), to pixels."""

    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + value / self.high * (self.end - self.start)

    def marks(self) -> Iterator[float]:
        """Round numbers, four to ten steps apart."""
        size = 10.0 ** math.floor(math.log10(self.high / 10))
        step = next(size * factor for factor in (1, 2, 5, 10) if self.high <= size * factor * 10)
        yield from (number * step for number in range(int(self.high / step) + 1))


def _frame(title: str, height: int) -> list[str]:
    return [
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="20" y="28" font-weight="bold">{escape(title)}</text>',
    ]


def _x_axis(scale: _Scale, y: float, label: str) -> Iterator[str]:
    yield f'<path d="M{scale.start} {y}H{scale.end}" stroke="#888"/>'
    for mark in scale.marks():
        yield f'<path d="M{scale(mark):.1f} {_TOP}V{y}" stroke="#ddd"/>'
        yield f'<text x="{scale(mark):.1f}" y="{y + 16}" text-anchor="middle">{mark:g}</text>'
    yield f'<text x="{scale.start - 10}" y="{y + 16}" text-anchor="end">{escape(label)}</text>'


def _y_axis(scale: _Scale) -> Iterator[str]:
    for mark in scale.marks():
        yield f'<path d="M70 {scale(mark):.1f}H{_WIDTH - _RIGHT}" stroke="#eee"/>'
        yield f'<text x="62" y="{scale(mark) + 4:.1f}" text-anchor="end">{mark:g}</text>'


def _svg(parts: Sequence[str], height: int) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" style="{_STYLE}">'
    return "\n".join((head, *parts, "</svg>", ""))
