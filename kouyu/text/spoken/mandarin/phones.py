"""Telephone numbers and codes, digit by digit: 138-0013-8000, +86 …, 拨12315, 密码1234, 302房间, MU5678, 2-1008."""

import re
from typing import Final

from kouyu.text.spoken.kinds import kind, rule
from kouyu.text.spoken.mandarin.numerals import digits

_KEYWORDS: Final = (
    "密码|验证码|校验码|邮编|邮政编码|尾号|QQ号?|微信号|房间号?|门牌号?|取件码|提货码|学号|工号|群号|账号|帐号|卡号|编号|单号|订单号?|车牌号?"
    "|身份证号?(?:码)?|端口号?|代码|口令|提取码|邀请码|序列号|流水号|航班号?|车次|电话号?码?|手机号?码?|热线|座机|传真|型号|货号|座位号?|考号|准考证号|分机号?"
)
_IS: Final = "(?:是|为|号是|：|:)?[ “]?"


def _by_digit(match: re.Match[str]) -> str:
    return match[1] + _spelled(match[2])


def _spelled(text: str) -> str:
    """Read digits one by one with 幺 for 1, keep letters, and pause briefly at marks."""
    runs = re.findall(r"\d+|[A-Za-z]+", text)
    said = ""
    for run in runs:
        if run.isalpha():
            said += run
        else:
            said += ("，" if said and said[-1] not in "，" and not said[-1].isascii() else "") + digits(run, one="幺")
    return said


def _groups(match: re.Match[str]) -> str:
    plus = "加" if match.group().startswith("+") else ""
    return plus + "，".join(digits(group, one="幺") for group in re.findall(r"\d+", match.group()))


def _whole(match: re.Match[str]) -> str:
    return digits(match[1], one="幺")


PHONES: Final = kind(
    r"\d",
    rule(r"(?<![\w+])\+(?=(?:[ -]?\d){7,15}(?![\d.]))\d{1,3}(?:[ -]?\d{1,11}){1,6}(?![\w]|[.,-]\d)", _groups),
    rule(r"(?<![\d.,$€£¥-])1[3-9]\d([ -]?)\d{4}\1\d{4}(?!\d|[.,-]\d)", _groups),
    rule(r"(?<![\d.,-])\(?0\d{2,3}\)?[ -]?\d{3,4}[ -]?\d{4}(?!\d|[.,-]\d)", _groups),
    rule(r"(?<![\d.,-])[48]00-?\d{3,4}-?\d{3,4}(?!\d|[.,-]\d)", _groups),
    rule(r"(?<![\d.,-])\d{3}-\d{4}-\d{4}(?!\d|[.,-]\d)", _groups),
    rule(r"(?<=[拨打])(\d{3}|\d{5,8})(?![\d点折个次分万元块米小天年]|[.,%-])", _whole),
    rule(
        rf"((?:{_KEYWORDS}){_IS})(?=[A-Za-z]{{0,4}}-?\d)([A-Za-z\d]{{1,30}}(?:-[A-Za-z\d]{{1,20}}){{0,5}})(?![A-Za-z\d.%万亿元个位次遍天年月])",
        _by_digit,
    ),
    rule(r"((?:客服|热线|专线)(?:电话)?)(\d{5,8})(?!\d)", _by_digit),
)
CODES: Final = kind(
    r"\d{3}|[A-Z]\d|\d折",
    rule(
        r"(?<![\d.])(\d{3,4})(?=(?:号?房间?|室|教室|号?病房|寝室|宿舍|包厢|路公交|路车|路(?![口段线上边面灯]|公里)|号门)(?![价]))",
        _whole,
    ),
    rule(r"(?<=单元)(\d{3,4})(?![\d个元])", _whole),
    rule(r"(?<=号楼)(\d{3,4})(?![\d个元])", _whole),
    rule(
        r"(?<![A-Za-z])([A-Z]{1,3}\d?)(\d{3,4})(?=次|航班|列车|高铁|动车|号航班)",
        lambda match: match[1] + digits(match[2], one="幺"),
    ),
    rule(r"(?<![\d.])([1-5]0\d)(?=错误|报错|页面|状态|异常)", _whole),
    rule(r"(?<![\d.])(12306|12315|10086|10010)(?![\d.元个年万])", _whole),
    rule(r"(?<![\w.-])(\d{1,3}-\d{1,3}-\d{3,4})(?![\d-])", lambda match: _spelled(match[1])),
    rule(r"(?<!\d)(925|990|999)(?=银|金|足金|纯银)", lambda match: digits(match[1])),
    rule(r"(?<![\d.])([1-9][1-9])(?=折)", lambda match: digits(match[1])),
    rule(r"(?<=报错)([1-5]0\d)(?!\d)", _whole),
    rule(
        r"(?<![\d.])(985|211|996|007|110|119|120|122|315|618|911)(?=事件|恐怖|大学|高校|工作|院校|工程|电话|晚会|大促|报警|急救|制|，|。|、|$)",
        lambda match: digits(match[1]),
    ),
    rule(r"(?<![\w.])(0\d{1,20})(?![\w.:%])", lambda match: digits(match[1])),
)
