"""Why the HTTP edge refuses before a room is asked, and what it says of faults."""

from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import ReasonText


class Reason(outcomes.Reason):
    """Refusals of the edge."""

    ROUTE_IS_UNKNOWN = ReasonText(
        404,
        "There is nothing at this address.",
        "该地址不存在。",
        "See /docs for the addresses there are; nothing was changed.",
        "请查阅接口文档；未作任何改动。",
    )
    METHOD_IS_NOT_ALLOWED = ReasonText(
        405,
        "This address does not take this method.",
        "该地址不支持此方法。",
        "Use a method that the header Allow names; nothing was changed.",
        "请使用Allow响应头所列的方法；未作任何改动。",
    )
    BODY_IS_TOO_LARGE = ReasonText(
        413,
        "The body is larger than this address takes.",
        "请求体过大。",
        "Send less at once; nothing was changed.",
        "请减小请求体；未作任何改动。",
    )
    REQUEST_CAME_TOO_SLOWLY = ReasonText(
        408,
        "The request did not arrive in time.",
        "请求未在规定时间内完整到达。",
        "Send it again over a better line; nothing was changed.",
        "请检查网络后重试；未作任何改动。",
    )
    CONTENT_TYPE_IS_NOT_JSON = ReasonText(
        415,
        "The body must be application/json in UTF-8.",
        "请求体须为UTF-8编码的application/json。",
        "Send the header Content-Type: application/json; nothing was changed.",
        "请设置Content-Type: application/json；未作任何改动。",
    )
    BODY_IS_NOT_JSON = ReasonText(
        400,
        "The body cannot be read as JSON.",
        "请求体不是合法的JSON。",
        "Send one JSON value that fits the documented schema; nothing was changed.",
        "请按接口文档发送JSON；未作任何改动。",
    )
    BODY_IS_NOT_ACCEPTED = ReasonText(
        422,
        "The body does not fit the schema.",
        "请求体不符合接口定义。",
        "Correct the named field; nothing was changed.",
        "请修改所指字段；未作任何改动。",
    )
    QUERY_IS_NOT_ACCEPTED = ReasonText(
        422,
        "The query does not fit the schema.",
        "查询参数不符合接口定义。",
        "Correct the named parameter; nothing was changed.",
        "请修改所指参数；未作任何改动。",
    )
    VALUE_CANNOT_BE_STORED = ReasonText(
        422,
        "A value is out of the range of what can be kept, or holds a character that cannot.",
        "数值超出范围或含有无法保存的字符。",
        "Send smaller numbers, and texts without control characters; nothing was changed.",
        "请检查数值范围和特殊字符；未作任何改动。",
    )
    ANOTHER_COMMAND_CAME_FIRST = ReasonText(
        409,
        "Another command changed the same thing at the same moment.",
        "其他请求同时修改了同一数据。",
        "Look at the present state and send the command again if it is still meant; nothing was changed.",
        "请查询当前状态后重试；未作任何改动。",
    )
    SERVER_IS_BUSY = ReasonText(
        503,
        "Too many calls are on their way.",
        "服务繁忙。",
        "Wait as long as the header Retry-After says, then repeat with the same Idempotency-Key; nothing was changed.",
        "请按Retry-After等待后以相同的Idempotency-Key重试；未作任何改动。",
    )
    DATABASE_IS_BUSY = ReasonText(
        503,
        "The database did not answer in time.",
        "数据库繁忙。",
        "Whether it was done is not known. Repeat with the same Idempotency-Key; it is then done at most once.",
        "是否已办理尚不确定。请以相同的Idempotency-Key重试；不会重复执行。",
    )
    DATABASE_HAS_NO_ROOM = ReasonText(
        503,
        "The disk of the database is full.",
        "数据库磁盘已满。",
        "Nothing was changed. Tell whoever runs the platform to make room; then repeat with the same Idempotency-Key.",
        "未作任何改动。请通知运维人员腾出磁盘空间，之后以相同的Idempotency-Key重试。",
    )
    TIME_RAN_OUT = ReasonText(
        503,
        "The call took longer than it may.",
        "处理超时。",
        "Whether it was done is not known. Repeat it with the same Idempotency-Key; it is then done at most once.",
        "是否已办理尚不确定。请以相同的Idempotency-Key重试；不会重复执行。",
    )
    SERVER_FAULT = ReasonText(
        500,
        "The platform made a mistake.",
        "系统内部错误。",
        "Give the request id to whoever runs it; nothing was changed.",
        "请将请求编号提供给运维人员；未作任何改动。",
    )
