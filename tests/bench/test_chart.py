from xml.etree import ElementTree

from kouyu.bench.chart import DotRow, Line, dot_chart, line_chart

SVG = "{http://www.w3.org/2000/svg}"


def test_every_value_is_a_dot_and_a_label_may_hold_anything() -> None:
    root = ElementTree.fromstring(dot_chart("a < b & c", "ms", [DotRow("x > y", [1, 2, 3], 2), DotRow("none", [], 0)]))
    assert len(root.findall(f"{SVG}circle")) == 3
    texts = [text.text for text in root.findall(f"{SVG}text")]
    assert {"a < b & c", "x > y", "none"} <= set(texts)


def test_larger_values_lie_further_right() -> None:
    root = ElementTree.fromstring(dot_chart("t", "ms", [DotRow("r", [5, 50, 500], 50)]))
    places = [float(circle.attrib["cx"]) for circle in root.findall(f"{SVG}circle")]
    assert places == sorted(places)
    assert len(set(places)) == 3


def test_a_line_chart_without_points_is_still_a_chart() -> None:
    for lines in ([], [Line("l", [])], [Line("l", [(10, 0.0)])], [Line("l", [(10, 0.5), (20, 70)])]):
        ElementTree.fromstring(line_chart("t", "sessions", lines, limit=50))
