import pytest

from kouyu.engines.asr.mandarin import written


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ("今天天氣怎麼樣?", "今天天气怎么样？"),
        ("明天早上7點,叫我起床.", "明天早上7点，叫我起床。"),
        ("你有没有打算 趁著這好天气出門走走", "你有没有打算，趁着这好天气出门走走"),
        ("關於這個,由於他纔瞭解", "关于这个，由于他才了解"),
        ("他写了一本著名的著作", "他写了一本著名的著作"),
        ("我用 Coze 的 API, 版本 3.5", "我用 Coze 的 API, 版本 3.5"),
        ("See you.", "See you."),
        ("", ""),
    ],
)
def test_it_is_written_as_in_mainland_china(heard: str, expected: str) -> None:
    assert written(heard) == expected
