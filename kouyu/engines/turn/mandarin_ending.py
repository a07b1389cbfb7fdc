"""How a Mandarin text ends."""

import re
from typing import Final

from kouyu.engines.turn.ending import Ending

_NOT_SAID: Final = re.compile(r"[^\w]|_")
_LAST_MARKS: Final = re.compile(r"(?<!\W)\W++$")

_SIMPLIFIED: Final = str.maketrans(
    "這個還為後話對沒關係說將於論時過嗎麼樣誰裡裏兒點幫給請問讓訴覺應該認從車號碼"
    "電證會來買開種幾兩謝見錯當並雖無與們別聽準備據離實經較題邊歡現級費",
    "这个还为后话对没关系说将于论时过吗么样谁里里儿点帮给请问让诉觉应该认从车号码"
    "电证会来买开种几两谢见错当并虽无与们别听准备据离实经较题边欢现级费",
)
"""Recognisers write either script; the lists below are in the simplified one."""


def _words(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_HESITATIONS: Final = _words("嗯 呃 唔 那个 就是 就是说 怎么说呢 怎么说 我想想 让我想想 我想一下 我看看 反正 那什么")
"""Words with which the speaker keeps the turn."""

_NEVER_LAST: Final = _words("""
    因为 所以 但是 可是 不过 而且 如果 要是 假如 虽然 并且 或者 还有 以及 于是 然后 接着 除了 除非 只要 无论
    不管 即使 就算 尽管 不但 不仅 既然 那么 比如 比如说 例如 譬如 和 跟 与 或 而 且 的话 的时候 关于 对于 由于
    为了 按照 根据 通过 随着 把 被 从 向 往 比 离 替 使 以 在 每 各 这 那 哪 某 很 最 更 非常 特别是 尤其是 比较
    正在 已经 一直 觉得 认为 能不能 可不可以 是不是 要不要 会不会 有没有 请问 请帮我 请你 帮我 帮我把 给我讲
    我想 我想要 我要 我打算 我希望 我需要 想要 打算 需要 准备 一边 虽说 其实 另外 首先 其次 最后 第一 第二
    也就是说 意思是 问题是 我的意思是 也 都 又 再 才 不 别
""")

_MOSTLY_FOLLOWED: Final = _words("""
    的 地 得 一些 这个 这些 那些 这种 那种 是 想 要 有 去 给 用 让 叫 会 能 应该 可能 到 对 为 我 你 他 她 我们
    你们 他们 看 说 做 买 听说 知道 告诉我 希望 今天 明天 昨天 上午 下午 晚上 早上 现在 一点 还 就 没 只 还是
    之前 之后 以后 以前 里 上 第
""")
"""They may close a sentence (我要这个) but mostly something follows."""

_COUNTED: Final = re.compile("[一两几三四五六七八九十][个首本张部种家条杯件位只台辆块篇段份]$")
"""A number and its measure word, whose noun mostly follows: 一首."""

_CONDITION: Final = re.compile("^(如果|要是|假如|虽然|既然|除了|只要|除非|即使|就算)")
_MAIN_CLAUSE: Final = re.compile("[,，]\\s*\\w|就|那|也|但|还|却|再")
"""At the beginning a condition promises a main clause; these begin it."""

_CLOSING: Final = _words("""
    吗 呢 吧 啊 呀 哦 啦 嘛 哟 喔 了 谢谢 再见 什么 怎么样 怎么办 多少 多少钱 哪里 哪儿 几点 谁 为什么 好不好
    行不行 对不对 有没有空 多久 多远 多大 而已 为止 起来 下来 出来 回来 过来 过去 出去 回去 不行 不了 就行 就好
    就可以 也行 也可以 都行 都可以 没关系 不用 怎么走 怎么做 怎么用 怎么写 怎么说的 这样 那样 什么意思 是什么
    好吃 好看 好听 有意思 不错 很好 真好 挺好 还好 很棒 很大 很多 很远 很近 很贵 很快 很慢 很累 很忙 很热 很冷
""")

_WHOLE_WORDS: Final = _words("""
    可以 对比 性价比 特别 区别 级别 告别 成都 首都 方向 以往 距离 存在 实在 暖和 温和 反而 参与 人才 刚才 天才
    天使 大使 代替 变更 开会 机会 社会 功能 智能 理想 思想 梦想 重要 主要 不要 不是 没有 所有 迟到 看到 听到
    收到 找到 做到 行为 使用 费用 作用 有用 小说 家里 公里 这里 那里 目的地 当地 记得 值得 不会 不能 不想 目的
    要那个 是那个 买那个 选那个 看那个 用那个 喜欢那个
""")
"""They say nothing, though they end in a word of the lists above."""

_ANSWERS: Final = _words("""
    对 是 是的 对的 好 好的 行 可以 没有 有 不是 不要 不用 不用了 没错 没事 没关系 谢谢 谢谢你 多谢 再见 拜拜
    你好 您好 停 停下 不知道 我不知道 当然 当然可以 知道了 明白 明白了 好吧 好啊 算了 可以的 就这样 没了 没有了
    不客气 对不起 不好意思 早上好 晚上好 晚安 继续 下一个 取消 暂停 什么 为什么 怎么了 是吗 真的 真的吗 对啊
    是啊 行吧 不行 不对 不好 还行 还好 随便 都行 都可以 嗯嗯 嗯好 好好 太好了 不想 不会 会 能 不能 想 喜欢
    不喜欢 等一下 等等 再说一遍 我也是 一样
""")

_KINDS: Final = (
    (Ending.UNKNOWN, _WHOLE_WORDS),
    (Ending.CLOSED, _CLOSING),
    (Ending.DANGLING, _NEVER_LAST),
    (Ending.LOOSE, _MOSTLY_FOLLOWED),
)

_DIGITS: Final = re.compile(r"(?<![0-9零〇一二三四五六七八九幺])[0-9零〇一二三四五六七八九幺]++$")
_LONG_NUMBER: Final = re.compile("号码|电话|手机|身份证|卡号|账号")
_CODE: Final = re.compile("验证码|密码|邮编|尾号")
_WHOLE_NUMBER: Final = 11
"""Digits of a mobile number in China."""
_WHOLE_CODE: Final = 4
_YEAR: Final = 4
"""As many digits may also be a year or a price."""


def mandarin_ending(text: str) -> Ending:
    """How ``text`` ends, in either script. Marks do not matter."""
    said = _NOT_SAID.sub("", text).translate(_SIMPLIFIED)
    if not said or said == "嗯":  # 嗯 alone is "yes" as often as "um"
        return Ending.UNKNOWN
    if said in _ANSWERS or said.lstrip("嗯呃额") in _ANSWERS:
        return Ending.ANSWER
    # 我要那个 is one word more, 我要，那个 is a pause.
    if said.endswith(_HESITATIONS) and not _LAST_MARKS.sub("", text).endswith(_WHOLE_WORDS):
        return Ending.HESITATING
    if _dictating(said):
        return Ending.DICTATING
    if _CONDITION.match(said) and not _MAIN_CLAUSE.search(text.translate(_SIMPLIFIED)):
        return Ending.DANGLING
    return Ending.LOOSE if _COUNTED.search(said) else _by_longest_word(said)


def _by_longest_word(said: str) -> Ending:
    """The longest known word at the end decides: 有没有 is no 没有, and 觉得 no 得."""
    found = [(len(word), kind) for kind, words in _KINDS for word in words if said.endswith(word)]
    return max(found, key=lambda match: match[0])[1] if found else Ending.UNKNOWN


def _dictating(said: str) -> bool:
    """Whether the text ends in digits one by one, too few for a whole number."""
    run = _DIGITS.search(said)
    if run is None:
        return False
    digits = len(run.group())
    if _CODE.search(said):
        return digits < _WHOLE_CODE
    return digits < _WHOLE_NUMBER and (digits > _YEAR or _LONG_NUMBER.search(said) is not None)
