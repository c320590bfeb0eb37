"""What `--help` says, in Chinese beside the English that stands at each command and option."""

from collections.abc import Iterator
from typing import Any

from typer import rich_utils
from typer.core import TyperCommand, TyperGroup

from simulator.stories.telling import fold

CHINESE = {
    "一卡通: one card, one code, every public service; every fen accounted for.": "一卡一码通用，每一分钱都有账可查。",
    "Show this message and exit.": "显示本说明。",
    "Show the version and exit.": "显示版本。",
    # Shared options.
    "Data folder; without it, the settings' own.": "数据目录；不填则用设置中的。",
    "Print one JSON object.": "输出一个JSON对象。",
    # Serving.
    "Serve the platform: database, workers and jobs, until Ctrl-C.": (
        "启动平台：数据库、服务进程和后台作业，按Ctrl-C结束。"
    ),
    "Address to listen on.": "监听地址。",
    "Port to listen on; 0 picks a free one.": "监听端口；0表示任选一个空闲端口。",
    "Processes that serve.": "服务进程数。",
    # Looking and writing.
    "Recompute everything; ends non-zero and names the differences when there are any.": (
        "全部重算一遍；有差异时逐处指出，并以非零值结束。"
    ),
    "The sealed log as well, row by row, against its witness.": "连同封存日志，逐行核对，并与见证方比对。",
    "Every decision as well, decided again; needs the keys.": "连同每一次核定，重新核定；需要密钥。",
    "Write the reference pages of reasons, settings and moves from the code.": (
        "由代码生成拒绝原因、设置和以旧换新环节三页参考文档。"
    ),
    "Where the pages go.": "文档写到哪里。",
    "Make up residents under the unassigned division 9901xx and load them; cards come when they are first used.": (
        "在未分配的行政区划9901xx下生成并导入虚构居民；首次使用时才发卡。"
    ),
    "How many residents.": "居民人数。",
    "The same seed makes the same people.": "种子相同，居民相同。",
    "Show the public keys of the sealed log, the present one last: a witness and terminals are given these.": (
        "显示封存日志的公钥，当前的在最后；见证方和终端使用它们。"
    ),
    # The witness.
    "A witness of the sealed log: key, believe, serve.": "封存日志的见证方：查看密钥、记下日志密钥、启动服务。",
    "Show the witness's key, for the platform's setting witness_key; it is made at the first time.": (
        "显示见证方的公钥，供平台设置witness_key使用；首次运行时生成。"
    ),
    "Take heads signed by this key of the log from now on; given by hand, once, and again when the key changes.": (
        "从现在起接受由该日志密钥签署的日志头；由人工给出一次，换密钥时再给一次。"
    ),
    "Serve the witness until Ctrl-C; the platform names its address in the setting witness_url.": (
        "启动见证方服务，按Ctrl-C结束；平台在设置witness_url中写它的地址。"
    ),
    "Where the witness keeps its key and what it signed.": "见证方存放密钥和已签日志头的目录。",
    "The log's key, as `yikatong keys log` shows it.": "日志的公钥，即yikatong keys log所示。",
    "Open the trade-in in four provinces for practice, every party's keys in files; stays up until Ctrl-C.": (
        "开办四省以旧换新供对接练习，各方令牌写入文件；按Ctrl-C结束。"
    ),
    # Trade-ins.
    "Trade-ins: take in lists of stores, and prices.": "以旧换新：导入门店名单和价格承诺。",
    "Take in a list of stores and recyclers; with one wrong line nothing, and every wrong line is told.": (
        "导入门店和回收企业名单；有一行错误则整份不导入，并逐行列出错误。"
    ),
    "Take in the prices that stores pledged not to exceed; with one wrong line nothing.": (
        "导入门店价格承诺；有一行错误则整份不导入。"
    ),
    "The file, CSV or XLSX.": "文件，CSV或XLSX。",
    "Six digits of the place whose list it is.": "名单所属地区的六位行政区划代码。",
    "The file has past sales; the pledges follow by the place's rule.": "文件为成交记录，按当地规则核定承诺价。",
    # Stories.
    "One day in Tingting community, on a platform of its own; then it stays up and says where to look.": (
        "在单独的平台上演一遍亭亭社区的一天，演完保持运行并提示看哪里。"
    ),
    "End after the story, also with a terminal attached.": "演完即止，有终端时也不保持运行。",
    "List the stories, or play one and end.": "列出故事，或演一个后结束。",
    "Which one; without a name they are listed.": "哪个故事；不填则列出全部。",
    # The database.
    "The database: status, migrate, distribute.": "数据库：查看迁移、执行迁移、分布到集群。",
    "Say which migrations are applied and which wait, those of the phase `post` too.": (
        "列出已执行和待执行的迁移，包括post阶段的。"
    ),
    "Apply the migrations that wait: of one phase, for an upgrade without a pause, or all at once.": (
        "执行待执行的迁移：不停机升级时只执行一个阶段，否则一次全部执行。"
    ),
    "pre: what this release needs, while the former one serves. post: when only this one serves.": (
        "pre：旧版本仍在服务时，新版本所需的；post：只剩新版本在服务时。"
    ),
    "Write the first migration anew from the rooms' schemas; only before the first release.": (
        "由各模块的表结构重写第一个迁移；仅限首次发布之前。"
    ),
    "Lay the tables over the nodes of a Citus cluster, or spread residents over more buckets, while nothing serves.": (
        "停止服务期间，把各表分布到Citus集群的节点上，或把居民分到更多的桶。"
    ),
    "Spread residents over so many buckets first; without it, as they are.": "先把居民分到这么多个桶；不填则不变。",
    "Only spread residents over so many buckets; needs no cluster.": "只改变分桶数；不需要集群。",
    "Shards of each distributed table.": "每张分布表的分片数。",
    "Only say what the server lacks.": "只列出服务器尚缺什么。",
    # Backups.
    "Take a whole copy of the embedded database, also while it serves, with the encrypted keys.": (
        "完整备份内嵌数据库和加密的密钥，服务运行时也可以。"
    ),
    "Then remove all but so many newest backups, and the log that none needs.": (
        "随后只保留最新的若干份备份，并清理不再需要的日志。"
    ),
    "List the backups: size, from when until when each leads, and whether every file is what it was.": (
        "列出备份：大小、可恢复的起止时刻、文件是否完好。"
    ),
    "Restore the embedded database to a moment, audit it, and put it in its place; the platform is stopped.": (
        "把内嵌数据库恢复到某一时刻，审计后换上；须先停止平台。"
    ),
    "Moment, as 2026-11-25T12:00:00+08:00 (without a zone: Shanghai), or `latest`.": (
        "时刻，如2026-11-25T12:00:00+08:00（不写时区即北京时间），或latest。"
    ),
    "Begin with this backup instead of the fitting one.": "从这份备份开始，而不是自动选择。",
    "Leave out what was committed at that very instant.": "不含恰在该时刻提交的内容。",
    "A history that an earlier restore left; without it the newest.": "以前恢复时留下的某条历史；不填则用最新的。",
    "Rename the database that is there, and keep it.": "将现有数据库改名保留。",
    "Only to be looked at: into an empty folder (--data), never served.": "只供查看：恢复到空目录，不投入服务。",
    "Let the next start not wait until codes from before have ended.": "下次启动时不等待此前的卡码失效。",
    "Compare the banks' lists since the moment of a restore, and let pay-outs to providers run again.": (
        "核对恢复时刻以来各银行的清单，然后重新开始向服务机构付款。"
    ),
    "Although banks' lists differ, or a bank does not answer.": "即使银行清单不符，或有银行没有答复。",
    # Keys.
    "Keys: list, root, log, rotate, rewrap.": "密钥：列出、查看信任根和日志的公钥、轮换、换主密钥加密。",
    "Show the public key that is pinned as the root of trust: terminals are given it when they are installed.": (
        "显示作为信任根的公钥；终端安装时写入。"
    ),
    "List the keys: what each is for, its algorithm, what it does now, when it was made and when it ends.": (
        "列出密钥：用途、算法、状态、生成和终止日期。"
    ),
    "Make a key's successor; the former one stays for what it signed or sealed, a region's until its end.": (
        "为密钥生成后继；前任仍用于它签过或加密过的内容，地区密钥用到终止日为止。"
    ),
    "Which: region/990100, alias/990100, root, master, log, log-leaf.": (
        "哪些密钥：region/990100、alias/990100、root、master、log、log-leaf。"
    ),
    "A region's former key is believed no more, from now on.": "地区的前任密钥从现在起不再承认。",
    "Encrypt every key file by the next master key (settings `next_master_key…`, or a new one in the data folder).": (
        "用下一把主密钥重新加密全部密钥文件（设置next_master_key…，或在数据目录中新建一把）。"
    ),
    # What runs by itself.
    "List the jobs: which runs now, which failed and why, when each is due and when it last ended.": (
        "列出后台作业：正在运行的、失败的及原因、下次和上次的时间。"
    ),
    "Events that failed and wait for a person: list, release.": "处理失败、等待人工处理的事件：列出、放行。",
    "List the events that failed too often and wait for a person, each with its error.": (
        "列出多次失败、等待人工处理的事件及其错误。"
    ),
    "At most so many, the oldest first.": "最多列出多少条，从最早的开始。",
    "Give parked events to their subscribers once more, after the cause was mended; all of those named or none.": (
        "原因排除后，把搁置的事件重新交给订阅方；所列的要么全部放行，要么都不放行。"
    ),
    "Which, by their ids in `outbox list`.": "哪些事件，填outbox list列出的编号。",
    "Every parked event of one topic.": "某一主题下全部搁置的事件。",
    # Programmes.
    "Decide one case, storing nothing; further options are its facts (`yikatong programmes facts trade-in`).": (
        "核定一例，不保存；其余选项是该例的事实，见yikatong programmes facts trade-in。"
    ),
    "By the sheet in this file, published or not, in place of the one in force.": (
        "按此文件中的规则表核定（不论是否已发布），不用现行的。"
    ),
    "Which programme, as `yikatong programmes list` names it.": "哪个补贴项目，名称见yikatong programmes list。",
    "Six digits of the place.": "六位行政区划代码。",
    "Effective day; of a trade-in the day of the invoice.": "生效日期；以旧换新为发票日期。",
    "Day of knowledge; without it, today.": "知悉日期；不填则为今天。",
    "Try a rule on made-up claims: what it costs by place now and if changed, with every step as Parquet.": (
        "用虚构的申领试算一条规则：各地现行和修改后的花费，每一步存为Parquet。"
    ),
    "How many claims.": "申领件数。",
    "The same seed makes the same claims.": "种子相同，申领相同。",
    "First effective day.": "首个生效日期。",
    "Last effective day.": "最后生效日期。",
    "Only this place; may stand several times.": "只试算此地区；可写多次。",
    "A changed sheet, as a file.": "修改后的规则表文件。",
    "A changed value: 320000:battery.0.amount=200.": "修改的数值，如320000:battery.0.amount=200。",
    "Folder for the steps, the sums and the picture.": "存放步骤、汇总和图片的目录。",
    "The programmes: list, facts, publish.": "补贴项目：列出规则表、列出事实、发布。",
    "List the programmes with every sheet: its name, its days, what it is about.": (
        "列出补贴项目及其全部规则表：表名、起止日期、内容。"
    ),
    "Only sheets that may count at this place: its own, its province's.": "只列可用于该地区的：本地的和所属省市的。",
    "List the facts that a programme asks for, as `yikatong decide` takes them.": (
        "列出补贴项目所需的事实，即yikatong decide的选项。"
    ),
    "Publish new formulas and sheets: their digests go into the lock file, and from then on they never change.": (
        "发布新的公式和规则表：摘要写入锁定文件，此后不再更改。"
    ),
    "Also what was changed; only before the first release.": "连同已更改的；仅限首次发布之前。",
    # Claims.
    "Say how a claim was decided: each step with its clause; what was stated only to who may see it, on record.": (
        "说明一笔申领如何核定：每一步及其依据；申领人所述仅供有权者查看，并留记录。"
    ),
    "Which claim, as clm_….": "哪一笔申领，编号形如clm_…。",
    "File with an operator's session token: also show what was stated.": (
        "存有经办人会话令牌的文件：同时显示申领人所述。"
    ),
    "What the look is for; goes into the record.": "查看的目的，写入记录。",
    "Recompute a claim's decisions under the rule and knowledge of their day; ends with 1 where one differs.": (
        "按当日的规则和所知重算一笔申领的核定；有不一致则以1结束。"
    ),
    "Reports: what was handed in, sold, paid and refused.": "报表：交旧、购新、发放与不予补贴。",
    "Add up a place's trade-ins by day: bikes in and out, sales, subsidy, refusals by reason, money left.": (
        "按日汇总一地的以旧换新：交旧与购新、销售额、补贴、各原因的不予补贴、剩余资金。"
    ),
    "Six digits of the place; without it, everywhere.": "六位行政区划代码；不填则为全部地区。",
    "First day; else 30 days before the end.": "首日；不填则为截止前30天。",
    "The first day that does not count; else tomorrow.": "截止日，当日不计入；不填则为明天。",
    "table, json, csv, parquet or chart.": "table、json、csv、parquet或chart。",
    "Folder for files.": "存放文件的目录。",
    # Benchmarks.
    "Benchmarks, without a name all in one table: ratios against pgbench on the same server.": (
        "性能测试，不写名称则全部列成一张表：与同一服务器上的pgbench相比。"
    ),
    "Taps a second end to end over HTTP, every certificate new to the worker, 5 % refusals.": (
        "每秒用卡次数：经HTTP端到端，证书均为首次，5%拒绝。"
    ),
    "The same at 256 connections.": "同上，256个连接。",
    "Every tap at one provider, against taps at many.": "全部用卡都在同一服务机构，与分散在多家相比。",
    "Taps with the sealed log, against taps without.": "带封存日志的用卡与不带的相比。",
    "Transfers a second through the ledger's batch entry, spread over accounts.": (
        "每秒经账本批量入口的转账数，分散在多个账户。"
    ),
    "Transfers a second through the ledger's batch entry, all on one account.": (
        "每秒经账本批量入口的转账数，全在同一账户。"
    ),
    "Codes verified against the bare signature check: certificate seen before.": "验码与单纯验签相比：证书见过。",
    "Codes verified against the bare signature check: own region's certificate, new.": (
        "验码与单纯验签相比：本地区证书，首次出现。"
    ),
    "Codes verified against the bare signature check: another region's certificate, new.": (
        "验码与单纯验签相比：外地区证书，首次出现。"
    ),
    "Certificates refreshed a second and core.": "每秒每核更新的证书数。",
    "A million trade-ins simulated, every step kept; with --full, ten million as well.": (
        "试算100万件以旧换新，保留每一步；--full另算1000万件。"
    ),
    "Cost of a tap among many cards against few; with --full, 10 million against 100 thousand.": (
        "多卡与少卡时用卡成本之比；--full为1000万与10万张。"
    ),
    "A payout batch of a million lines: written, validated, returned, posted.": (
        "一百万笔的发放批次：写出、校验、回单、记账。"
    ),
    "Ten thousand applicants over HTTP at once for the last hundred places of a budget.": (
        "一万人同时经HTTP申领预算中最后一百个名额。"
    ),
    "Resident memory of the whole platform while taps run.": "用卡进行时整个平台的常驻内存。",
    "From the start of the demo to its first tap, second run.": "演示第二次运行时，从启动到第一次用卡。",
    "Acknowledged taps lost or doubled when server or database are killed at work.": (
        "杀死服务或数据库后，丢失或重复的已确认用卡次数。"
    ),
    "Where a tap's time goes: in the workers by stage, in the database by process, on the wall by phase.": (
        "用卡的时间花在哪里：服务进程、数据库、各阶段等待。"
    ),
    "Status lists of 1.03 billion certificates in 31 regions: size, times, and what a day changes.": (
        "31个地区10.3亿张证书的状态列表：大小、用时、一天的变化。"
    ),
    "Write docs/sizing from this machine's figures.": "由本机实测数据写出docs/sizing。",
    "The full sizes, which take hours and much disk.": "用全部规模，需数小时和大量磁盘。",
    "Connections of the load generator.": "负载发生器的连接数。",
    "Seconds of each round that count.": "每轮计入的秒数。",
}
"""Each English text of `--help` with its Chinese."""

COMMAND_CELLS, OPTION_CELLS = 62, 28
"""What a line of Chinese in the list of commands, and in that of options, has in a terminal of eighty columns."""

rich_utils.ARGUMENTS_PANEL_TITLE = "参数 Arguments"
rich_utils.OPTIONS_PANEL_TITLE = "选项 Options"
rich_utils.COMMANDS_PANEL_TITLE = "命令 Commands"
rich_utils.DEFAULT_STRING = "[默认 default: {}]"
rich_utils.REQUIRED_LONG_STRING = "[必填 required]"


class BothLanguages(TyperGroup):
    """The command line, whose help has the Chinese of each text on lines of its own before it.

    They are folded here: the tables of the help take a Chinese sentence for one word, and cut what does not fit.
    """

    def __init__(self, **attributes: Any) -> None:
        """Take the commands as they are declared, in English, and put the Chinese before each text."""
        super().__init__(**attributes)
        for said in texts_of(self):
            english = " ".join((said.help or "").split())
            chinese = CHINESE.get(english, "")
            if isinstance(said, (TyperCommand, TyperGroup)):
                said.help = f"{chinese}\n\n{english}".strip()
                said.short_help = "\n".join((*fold(chinese, cells=COMMAND_CELLS), english)).strip()
            else:
                said.help = "\n\n".join((*fold(chinese, cells=OPTION_CELLS), english)).strip()


def texts_of(command: Any) -> Iterator[Any]:
    """A command, its parameters with `--help` among them, and the same of all below it: whatever has a text."""
    yield command
    with command.context_class(command, info_name="") as context:
        yield from command.get_params(context)
    for below in getattr(command, "commands", {}).values():
        yield from texts_of(below)
