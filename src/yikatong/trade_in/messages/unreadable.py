"""Why a file is no table: a word for programs, a sentence for whoever sent it."""

from yikatong.kernel.outcomes import Refused
from yikatong.trade_in.model import Reason

WHY = {
    "empty": "文件是空的 the file is empty",
    "encoding": "文字编码不是UTF-8或GB 18030 the text is neither UTF-8 nor GB 18030",
    "quotation": "引号不成对 a quotation mark has no partner",
    "long_line": "有一行过长 a line is too long",
    "columns": "列数过多 too many columns",
    "old_spreadsheet_or_password": "旧版.xls，或文件有密码 an old .xls, or it has a password",
    "package": "不是完整的XLSX文件 no whole XLSX file",
    "missing_part": "XLSX文件缺少部件 the XLSX file lacks a part",
    "markup": "XLSX文件内容损坏 the XLSX file is damaged inside",
    "several_sheets": "有不止一张非空工作表 more than one worksheet holds something",
}


def unreadable(what: str, **about: int) -> Refused:
    """The refusal of a file that is no table, with the word, the sentence and, where there is one, the line."""
    return Refused(Reason.LIST_FILE_CANNOT_BE_READ, what=what, why=WHY[what], **about)
