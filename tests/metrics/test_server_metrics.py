"""What a new server's metrics have before anything happened."""

import pytest

from kouyu.metrics.server_metrics import ServerMetrics


@pytest.mark.parametrize(
    ("series", "label", "values"),
    [
        ("kouyu_turns_total", "outcome", ("completed", "failed", "canceled", "requires_action")),
        ("kouyu_speculative_replies_total", "result", ("used", "discarded")),
        ("kouyu_connections_ended_total", "end", ("closed", "dropped", "too_slow", "deleted", "not_saved", "failed")),
        ("kouyu_turn_first_audio_seconds_count", "began", ("speech", "push_to_talk", "typed")),
    ],
)
def test_a_series_is_there_at_zero_so_that_its_first_increase_is_seen(
    series: str, label: str, values: tuple[str, ...]
) -> None:
    registry = ServerMetrics().registry
    assert [registry.get_sample_value(series, {label: value}) for value in values] == [0.0] * len(values)
