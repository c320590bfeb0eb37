"""Chinese names: surnames by how common they are, given names from characters of the time of birth.

Surnames and their weights are after the report on names of the Ministry of Public Security (2020), rounded by us;
given names are put together from common characters and are nobody's.
"""

import numpy as np
from numpy.typing import NDArray

Texts = NDArray[np.object_]
Indexes = NDArray[np.int64]

_SURNAMES = (
    "王:72 李:72 张:68 刘:54 陈:49 杨:32 黄:24 赵:24 吴:21 周:20 徐:17 孙:16 马:14 朱:13 胡:13 郭:12 "
    "何:12 林:12 高:11 罗:11 郑:9 梁:9 谢:8 宋:8 唐:7 许:7 韩:7 邓:7 冯:7 曹:6 彭:6 曾:6 肖:6 田:6 董:5 "
    "潘:5 袁:5 蔡:5 蒋:5 余:5 于:5 杜:5 叶:5 程:4 魏:4 苏:4 吕:4 丁:4 任:4 卢:4 姚:4 沈:4 钟:4 姜:4 "
    "崔:4 谭:4 陆:4 范:4 汪:3 廖:3 石:3 金:3 韦:3 贾:3 夏:3 付:3 方:3 邹:3 熊:3 白:3 孟:3 秦:3 邱:3 "
    "侯:3 江:3 尹:3 薛:3 闫:3 段:3 雷:2 龙:2 黎:2 史:2 陶:2 贺:2 毛:2 郝:2 顾:2 龚:2 邵:2 万:2 覃:2 "
    "武:2 钱:2 戴:2 严:2 莫:2 孔:2 向:2 常:2 欧阳:1 司马:1 上官:1 诸葛:1"
)
SURNAMES: Texts = np.array([entry.split(":")[0] for entry in _SURNAMES.split()], dtype=object)
SURNAME_WEIGHTS = np.array([float(entry.split(":")[1]) for entry in _SURNAMES.split()])

_OLD_MALE = "建国华明德福祥贵生平荣海山林文武长春有金树云庆志成永清玉忠义"
_OLD_FEMALE = "秀英桂兰珍凤玉梅淑芳莲菊翠香琴素云珠彩银霞月娥芬惠贞金花巧爱"
_MIDDLE_MALE = "伟强军勇杰涛斌辉鹏飞刚磊波亮超峰宁东晓建志国海文俊健毅松龙凯"
_MIDDLE_FEMALE = "丽娜敏静艳娟霞燕红玲婷芳雪慧莉琳颖洁萍倩丹晶莹蕾瑶欣佳薇蓉璐"
_YOUNG_MALE = "宇轩浩然子涵博文俊熙泽睿铭辰逸航思远奕嘉晨昊天翔景瑞霖皓诚言"
_YOUNG_FEMALE = "欣怡梓涵诗雨妍可馨语桐若汐思琪雅彤芷晴梦瑶一诺沐悦心妤依宁舒"
_CHARACTERS = np.array(
    [list(pool) for pool in (_OLD_MALE, _OLD_FEMALE, _MIDDLE_MALE, _MIDDLE_FEMALE, _YOUNG_MALE, _YOUNG_FEMALE)],
    dtype=object,
)
TWO_CHARACTERS_SHARE = np.array([0.72, 0.55, 0.86])
"""The share of given names with two characters: born before 1970, before 2000, and since."""
BORN_MIDDLE, BORN_YOUNG = 1970, 2000


def draw_surnames(random: np.random.Generator, count: int) -> Indexes:
    """Places in SURNAMES for people who do not inherit theirs."""
    return random.choice(len(SURNAMES), size=count, p=SURNAME_WEIGHTS / SURNAME_WEIGHTS.sum())


def inherit_surnames(surname: Indexes, father: Indexes, mother: Indexes, from_mother: NDArray[np.bool_]) -> None:
    """Give people the surname of a parent in the same household, grandparents first; changes `surname`."""
    parent = np.where(from_mother, mother, father)
    parent = np.where(parent < 0, np.maximum(father, mother), parent)
    # Twice, because a grandchild's name follows the father's, which follows the grandfather's.
    for _ in range(2):
        known = parent >= 0
        surname[known] = surname[parent[known]]


def draw_given_names(random: np.random.Generator, born_in: Indexes, male: NDArray[np.bool_]) -> Texts:
    """Given names of one or two characters of the time of birth."""
    time = (born_in >= BORN_MIDDLE).astype(np.int64) + (born_in >= BORN_YOUNG)
    pool = time * 2 + ~male
    first = _CHARACTERS[pool, random.integers(0, _CHARACTERS.shape[1], len(pool))]
    second = _CHARACTERS[pool, random.integers(0, _CHARACTERS.shape[1], len(pool))]
    one_only = random.random(len(pool)) >= TWO_CHARACTERS_SHARE[time]
    second[one_only] = ""
    names: Texts = first + second
    return names
