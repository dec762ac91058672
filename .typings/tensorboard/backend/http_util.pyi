from typing import Any

from werkzeug.wrappers import Request, Response

def Respond(request: Request, content: Any, content_type: str, code: int = ...) -> Response: ...
