import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.text.written_form import words_for_numbers, written_form


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("It costs one hundred dollars.", "It costs $100."),
        ("Twenty dollars and fifty cents, please!", "$20.50, please!"),
        ("It made two point five million dollars", "It made $2.5 million"),
        ("three hundred thousand euros", "€300,000"),
        ("a twenty-dollar bill", "a $20 bill"),
        ("It's twenty five percent off.", "It's 25% off."),
        ("Ninety-nine point nine percent", "99.9%"),
        ("A hundred percent sure", "100% sure"),
        ("100 dollars or 25 percent", "$100 or 25%"),
        ("Let's meet at two thirty p.m. today", "Let's meet at 2:30 p.m. today"),
        ("I woke up at seven o'clock.", "I woke up at 7:00."),
        ("a quarter to nine, half past six", "8:45, 6:30"),
        ("At seven thirty, at twelve thirty.", "At 7:30, at 12:30."),
        ("On January fifth, twenty twenty-six, it snowed", "On January 5th, 2026, it snowed"),
        ("the fourth of July", "the 4th of July"),
        ("She was born in nineteen eighty four.", "She was born in 1984."),
        ("my number is five five five one two three four.", "my number is 5551234."),
        ("room one oh five", "room 105"),
        ("Pi is three point one four.", "Pi is 3.14."),
        ("One hundred and twenty-three people came.", "123 people came."),
        ("What is seventeen times twenty four?", "What is 17 times 24?"),
        ("minus twenty five degrees", "-25 degrees"),
        ("the nineteenth century", "the 19th century"),
        ("a twenty-one-year-old", "a 21-year-old"),
    ],
)
def test_english_numbers_are_written_in_digits(said: str, written: str) -> None:
    assert written_form(said, "en") == written


@pytest.mark.parametrize(
    "ordinary",
    [
        "One of them is mine, and no one knows.",
        "I have two dogs and three cats.",
        "He came first, then second.",
        "Wait a minute; one second, please.",
        "a second break",
        "There are a million stars, a hundred reasons.",
        "one two three testing",
        "I'd like one, please.",
        "May one ask? I march forward.",
        "Which one am I?",
        "World War Two",
        "one or two hundred of them",
        "one-on-one, a five-star hotel, a one-way street",
        "It's twenty four seven.",
        "Oh no, zero chance.",
        "a dozen eggs, one and a half hours, one third, half of it",
        "someone, anyone, often, tend, attention, weight",
        "I don't know, what's the \"matter\" with you?",
    ],
)
def test_ordinary_english_stays_as_it_is(ordinary: str) -> None:
    assert written_form(ordinary, "en") == ordinary


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("这件衣服一百美元。", "这件衣服$100。"),
        ("五欧元，一百万美元，一百块钱", "€5，100万美元，100块钱"),
        ("他有百分之二十五的股份。", "他有25%的股份。"),
        ("百分之三点五，三分之一", "3.5%，1/3"),
        ("下午三点半开会，晚上八点吃饭", "15:30开会，晚上8点吃饭"),
        ("现在是十点五十，三点一刻，三点零五分", "现在是10:50，3:15，3:05"),
        ("二零二六年十一月五日", "2026年11月5日"),
        ("十月一号，一九八四年，九八年", "10月1号，1984年，98年"),
        ("我的电话是一三八零零一三八零零零", "我的电话是13800138000"),
        ("一万二千三百四十五", "12345"),
        ("二十五万，三亿五千万，三点五万", "25万，3亿5000万，3.5万"),
        ("二十五个苹果，十个人，第十二名", "25个苹果，10个人，第12名"),
        ("圆周率是三点一四", "圆周率是3.14"),
        ("我在五楼五零二房间", "我在五楼502房间"),
        ("二十多岁，十五楼，二十一世纪", "20多岁，15楼，21世纪"),
        ("百分之25，100美元", "25%，$100"),
        ("他说twenty five percent", "他说25%"),
    ],
)
def test_mandarin_numbers_are_written_in_digits(said: str, written: str) -> None:
    assert written_form(said, "zh") == written


@pytest.mark.parametrize(
    "ordinary",
    [
        "一个人等一下，一起去吧。",
        "三个苹果，两个梨，第一名，第二天，星期三。",
        "十分感谢，千万不要，万一下雨呢？",
        "四面八方，七上八下，三心二意，一五一十。",
        "三四个人，五六十个，两三天，十几个，几十个。",
        "十一假期，双十一，十字路口，三国演义。",
        "不管三七二十一，二百五。",
        "有一点十分重要，早一点半小时也行，好一点一起走，一点一滴。",
        "九点，三点建议，五点了，半个小时。",
        "百分之二三十，百万富翁。",
    ],
)
def test_ordinary_mandarin_stays_as_it_is(ordinary: str) -> None:
    assert written_form(ordinary, "zh") == ordinary


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It's 25% off.", "It's twenty-five percent off."),
        ("That's $100, or $3.50 each", "That's one hundred dollars, or three dollars and fifty cents each"),
        ("at 2:30 p.m., 7:00 or 7pm", "at two thirty p.m., seven o'clock or seven p.m."),
        ("on January 5, 2026, or June 2nd", "on January fifth, twenty twenty-six, or June second"),
        ("the 1990s", "the nineteen nineties"),
        ("12,345 people", "Twelve thousand three hundred and forty-five people"),
        ("call 555-1234", "call five five five, one two three four"),
        ("call 5551234 or 555 1234", "call five five five one two three four or five five five, one two three four"),
        ("Let's meet at 2.15.", "Let's meet at two fifteen."),
        ("Pi is 3.14, at 2.15 percent", "Pi is three point one four, at two point one five percent"),
        ("the code is 4071, room 305", "the code is four zero seven one, room three oh five"),
        ("100000 people in 1999", "One hundred thousand people in nineteen ninety-nine"),
        ("about 50/50, 24/7", "about fifty fifty, twenty-four seven"),
        ('He said "I\'m 5".', 'He said "I\'m five".'),
        ("MP3, COVID-19, B2B, A4 and 5G", "MP3, COVID-19, B2B, A4 and 5G"),
    ],
)
def test_off_english_digits_become_the_words_that_were_said(written: str, said: str) -> None:
    assert words_for_numbers(written, "en") == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("这件衣服100美元，或者$100。", "这件衣服一百美元，或者一百美元。"),
        ('我有25%的股份，2个"苹果"。', '我有百分之二十五的股份，两个"苹果"。'),
        ("现在是2点15分，下午2点见，2.5米", "现在是两点十五分，下午两点见，二点五米"),
        ("第2天，2月2日，2个", "第二天，二月二日，两个"),
        ("密码是482913，电话5551234，302房间", "密码是四八二九一三，电话五五五一二三四，三零二房间"),
        ("100000人，12345个", "十万人，一万二千三百四十五个"),
        ("2026年11月5日下午3:30", "二零二六年十一月五日下午三点三十分"),
        ("iPhone 15很好，COVID-19，A4纸，5G手机", "iPhone 15很好，COVID-19，A4纸，5G手机"),
    ],
)
def test_off_mandarin_digits_become_the_words_that_were_said(written: str, said: str) -> None:
    assert words_for_numbers(written, "zh") == said


def test_other_languages_come_back_unchanged() -> None:
    assert written_form("six million, cent pour cent", "fr") == "six million, cent pour cent"
    assert words_for_numbers("25% bitte", "de") == "25% bitte"


def test_several_threads_may_write_at_once() -> None:
    said = [f"{word} hundred and {word} dollars" for word in ("one", "two", "three", "four", "five", "six")] * 20
    with ThreadPoolExecutor(4) as threads:
        written = list(threads.map(lambda text: written_form(text, "en"), said))
    assert written == [f"${number}0{number}" for number in range(1, 7)] * 20


def test_nothing_is_fetched_from_anywhere() -> None:
    code = (
        "import sys; sys.addaudithook(lambda event, _: event.startswith('socket.') and sys.exit(event));"
        "from kouyu.text.transducers import load; load()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


WORDS = """
one two oh zero ten twenty twenty-five hundred thousand million point percent dollars and at half past o'clock p.m.
May fifth first second of the a - , . 一 二 十 百 千 万 亿 点 半 分 分之 百分之 年 月 日 美元 零 两 第 个 3 25 % $ : /
"""
SAID = st.lists(st.sampled_from(WORDS.split()), max_size=14)


@settings(max_examples=150, deadline=None)
@given(SAID.map(" ".join) | SAID.map("".join) | st.text(max_size=40), st.sampled_from(["en", "zh", "yue", "", "fr"]))
def test_no_text_breaks_the_writing(text: str, language: str) -> None:
    assert isinstance(written_form(text, language), str)
    assert isinstance(words_for_numbers(text, language), str)
