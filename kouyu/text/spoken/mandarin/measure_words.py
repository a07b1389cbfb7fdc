"""2 before a measure word is 两, in a name or an order 二: 2次, 2台, but 第2天, 2楼, 2年级."""

from typing import Final

from kouyu.text.spoken.kinds import kind, rule

_MEASURES: Final = (
    "个位名只条张件次种台部款项份间所倍遍句顿包组排样类毛天本辆口家双对套箱杯瓶碗盒袋盘片块根支枝把颗粒朵棵座栋幢层扇面头匹"
    "群队批届轮场局盏架艘列节堂门篇首幅封则段行步回趟下声阵股番拳脚眼秒岁晚夜周年分人者样元角"
    "米里斤吨升度克针站票球集页字桶罐缸筐车管盆册招国省地方侧边端处子女男关拍勺"
)
_LONGER: Final = (
    "小时|分钟|刻钟|星期|礼拜|公里|千米|厘米|毫米|公斤|千克|平方|立方|英寸|英尺|英里|毫升|万|亿|千|百万|美元|美金|欧元|英镑|块钱|"
    "大类|小段|大步|来年|多年|年多|辈子|口子|半|成|代人|桌|圈|滴|串|束|捆|卷|叠|堆|壶|锅|勺|餐|战|胎"
)
_ORDINAL: Final = "年级|年制|班|路公交|路车|号|楼|单元|栋楼|号楼|级|等|期|线|环|维|手|战|胎|月|日|进制|元论|人转|代"
"""Words before which 2 is a name, an order or a class."""

MEASURE_WORDS: Final = kind(
    "2",
    rule(r"第2(?![\d.])", "第二"),
    rule(rf"(?<![\d.\w])2(?={_ORDINAL})", "二"),
    rule(r"(?<![\d.])2栋(?=\d|[一二三四五六七八九])", "二栋"),
    rule(r"(?<![\d.])2两", "二两"),
    rule(rf"(?<![\d.\w第初十/:×+*÷=-])2(?={_LONGER}|(?!分之)[{_MEASURES}])", "两"),
)
