"""Earlier transcripts as a server keeps them, for tests and pictures that choose what they say."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

Message = dict[str, Any]


class FakeStore:
    def __init__(self) -> None:
        self.kept: list[Message] = []
        """Newest first; each has its ``lines``. Empty is a server without a store."""
        self.changes: list[Message] = []
        self.page = 50

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/transcripts", self._listing),
            Route("/transcripts/{id}", self._one, methods=["GET", "PATCH", "DELETE"]),
        ]

    async def _listing(self, request: Request) -> Response:
        query = request.query_params
        if "q" in query:
            return JSONResponse({"lines": self._found(query["q"].lower().split())})
        first = 0
        if before := query.get("before"):
            first = [each["id"] for each in self.kept].index(before) + 1
        shown = self.kept[first : first + self.page]
        body: Message = {"transcripts": [summary(each) for each in shown]}
        if first + self.page < len(self.kept):
            body["before"] = shown[-1]["id"]
        return JSONResponse(body)

    def _found(self, words: list[str]) -> list[Message]:
        return [
            {
                "transcript": each["id"],
                "title": each["title"],
                "started": each["started"],
                **{name: line[name] for name in ("id", "start", "end", "text")},
            }
            for each in self.kept
            for line in each["lines"]
            if all(word in (line["text"] or "").lower() for word in words)
        ]

    async def _one(self, request: Request) -> Response:
        named = [each for each in self.kept if each["id"] == request.path_params["id"]]
        if not named:
            return JSONResponse({"code": "unknown_session", "message": "there is none"}, 404)
        [found] = named
        if request.method == "DELETE":
            self.kept.remove(found)
            return Response(status_code=204)
        if request.method == "PATCH":
            change = await request.json()
            self.changes.append(change)
            names = {**found["speakers"], **change.get("speakers", {})}
            found["speakers"] = {number: name for number, name in names.items() if name}
            found["merged"] = merged(found["merged"], change.get("merged", {}))
            found["title"] = change.get("title", found["title"])
            return JSONResponse(summary(found))
        kind = request.query_params.get("format", "json")
        if kind != "json":
            return PlainTextResponse(f"{kind} of {found['id']}")
        lines = [
            {**line, "speaker": found["merged"].get(str(line["speaker"]), line["speaker"])}
            for line in found["lines"]
        ]
        return JSONResponse({**summary(found), "lines": lines})


def merged(before: Message, change: Message) -> Message:
    return {voice: into for voice, into in {**before, **change}.items() if into is not None}


def summary(kept: Message) -> Message:
    shown = {name: value for name, value in kept.items() if name != "lines"}
    return {**shown, "beginning": next(line["text"] for line in kept["lines"] if line["text"])}


def transcript(id: str, said: list[tuple[int, str]], started: str, **fields: Any) -> Message:
    """One that is over; who said what."""
    lines, at = [], 0.0
    for number, (speaker, text) in enumerate(said):
        seconds = len(text) / 15
        line = {"id": number, "start": round(at, 2), "end": round(at + seconds, 2), "text": text}
        lines.append({**line, "speaker": speaker, "language": "en"})
        at += seconds + 0.6
        if number == 0 and len(said) > 1:
            pause = {"id": len(said), "start": round(at, 2), "end": round(at + 6, 2)}
            lines.append({**pause, "text": None, "speaker": None, "language": None})
            at += 6
    return {
        "id": id,
        "title": "",
        "started": started,
        "ended": started,
        "running": False,
        "seconds": at,
        "words": sum(len(text.split()) for _, text in said),
        "missing_words": 0,
        "language": "en",
        "engine": "fake",
        "model": "small",
        "owner": None,
        "speakers": {},
        "merged": {},
        "lines": lines,
        **fields,
    }
