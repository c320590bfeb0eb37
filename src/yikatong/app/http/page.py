"""The OpenAPI document and the page that shows it; every byte of the page comes from here, none from another host."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from swagger_ui_bundle import swagger_ui_path

from yikatong.app.http.plain import PlainRoute

_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="zh">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Yikatong 一卡通 API</title>
<link rel="stylesheet" href="/docs/static/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/static/favicon-32x32.png">
</head>
<body>
<div id="page"></div>
<script src="/docs/static/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
  queryConfigEnabled: false,
  docExpansion: "none",
  presets: [SwaggerUIBundle.presets.apis],
});
"""
_FILES = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}


def page_routes(openapi: bytes) -> tuple[PlainRoute, ...]:
    """The document, the page, its script and the files it loads, none of them described; `/` leads to the page."""

    async def document(request: Request) -> Response:
        return Response(openapi, media_type="application/json", headers={"cache-control": "no-cache"})

    async def page(request: Request) -> Response:
        headers = {"content-security-policy": _CONTENT_SECURITY_POLICY, "cache-control": "no-cache"}
        return Response(_PAGE, media_type="text/html", headers=headers)

    async def start(request: Request) -> Response:
        return Response(_START, media_type="text/javascript", headers={"cache-control": "no-cache"})

    async def door(request: Request) -> Response:
        return RedirectResponse("/docs")

    return (
        PlainRoute("/", "door", "", "", door, None, (307,)),
        PlainRoute("/openapi.json", "openapi", "", "", document, None, (200,)),
        PlainRoute("/docs", "docs", "", "", page, None, (200,)),
        PlainRoute("/docs/start.js", "docs_start", "", "", start, None, (200,)),
        *(_file_route(name, media_type) for name, media_type in _FILES.items()),
    )


def _file_route(name: str, media_type: str) -> PlainRoute:
    file = Path(str(swagger_ui_path)) / name

    async def send_file(request: Request) -> Response:
        return FileResponse(file, media_type=media_type, headers={"cache-control": "public, max-age=86400"})

    return PlainRoute(f"/docs/static/{name}", f"docs_{name}", "", "", send_file, None, (200,))
