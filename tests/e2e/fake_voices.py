"""The voices a server knows, for tests and pictures."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route


class FakeVoices:
    def __init__(self) -> None:
        self.known: list[dict[str, Any]] = []
        self.samples: list[bytes] = []
        """What was sent to learn from."""

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/voices", self._all, methods=["GET", "POST"]),
            Route("/voices/{id}", self._one, methods=["PATCH", "DELETE"]),
        ]

    def learn(self, name: str, seconds: float = 6.3, usable: bool = True) -> dict[str, Any]:
        voice = {
            "id": f"v_{len(self.known)}",
            "name": name,
            "created": "2026-11-20T17:00:00+00:00",
            "seconds": seconds,
            "samples": 1,
            "usable": usable,
        }
        self.known.append(voice)
        return voice

    async def _all(self, request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse({"enabled": True, "voices": self.known})
        async with request.form() as form:
            name, file = str(form["name"]), form["file"]
            if name in [each["name"] for each in self.known]:
                return JSONResponse({"code": "name_taken", "message": "there is one"}, 409)
            assert not isinstance(file, str)
            self.samples.append(await file.read())
        return JSONResponse(self.learn(name), 201)

    async def _one(self, request: Request) -> Response:
        [found] = [each for each in self.known if each["id"] == request.path_params["id"]]
        if request.method == "DELETE":
            self.known.remove(found)
            return Response(status_code=204)
        found.update(await request.json())
        return JSONResponse(found)
