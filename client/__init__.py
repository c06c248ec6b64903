"""A typed client of the HTTP API: `ChatEdit` blocks, `AsyncChatEdit` is awaited. Needs httpx and pydantic only."""

from .asynchronous import AsyncChatEdit
from .blocking import ChatEdit
from .errors import ApiError, ClientError, ConnectionLost
from .events import Event, Finished, Pictured, Progress, Started, Understood
from .retry import RetryPolicy

__all__ = [
    "ApiError",
    "AsyncChatEdit",
    "ChatEdit",
    "ClientError",
    "ConnectionLost",
    "Event",
    "Finished",
    "Pictured",
    "Progress",
    "RetryPolicy",
    "Started",
    "Understood",
]
