"""What every route needs: the service, who calls, and how answers refer to pictures."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Path, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from starlette.concurrency import run_in_threadpool

from ..tools.samples import Sample
from .config import Settings
from .keys import LOCAL_OWNER, KeyRing
from .service import Service
from .signed_urls import UrlSigner
from .views import Views


@dataclass(frozen=True, slots=True)
class Border:
    """What the HTTP side of a process is made of.

    Attributes:
        service: what it serves.
        keys: who may call.
        signer: of URLs.
        settings: of this process.
        pool: where turns run.
        checks: name -> function that raises when that part does not work.
        portraits: those that the pack ships, to start with.
    """

    service: Service
    keys: KeyRing
    signer: UrlSigner
    settings: Settings
    pool: ThreadPoolExecutor
    checks: Mapping[str, Callable[[], object]]
    portraits: Sequence[Sample] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, with the views made for them."""

    owner: str
    views: Views


def border_of(request: Request) -> Border:
    """The border of the app that a request reached."""
    return request.app.state.border


bearer_scheme = HTTPBearer(auto_error=False, description="an API key: `chatedit keys create NAME`")
header_scheme = APIKeyHeader(name="X-Api-Key", auto_error=False)


async def caller_of(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(bearer_scheme)],
    api_key: Annotated[str | None, Security(header_scheme)],
) -> Caller:
    """Who calls; counts the request.

    Raises:
        NotAuthenticated, TooManyRequests
    """
    border = border_of(request)
    key = bearer.credentials if bearer is not None else api_key
    owner = await run_in_threadpool(admitted, border, key)
    return Caller(owner, views_for(request, owner))


def admitted(border: Border, key: str | None) -> str:
    """The owner that a key stands for; counts the request.

    Raises:
        NotAuthenticated, TooManyRequests
    """
    owner = border.keys.owner_of(key) if border.settings.needs_keys else LOCAL_OWNER
    border.service.meter.count_request(owner)
    return owner


def views_for(request: Request, owner: str) -> Views:
    """Views with URLs that reach this service."""
    border = border_of(request)
    base = border.settings.public_url or str(request.base_url)
    return Views(base, owner, border.signer if border.settings.needs_keys else None)


TheBorder = Annotated[Border, Depends(border_of)]
TheCaller = Annotated[Caller, Depends(caller_of)]
ThreadId = Annotated[str, Path(pattern=r"^[0-9A-Za-z_-]{1,64}$", description="id of a thread")]
IdempotencyKey = Annotated[
    str | None,
    Header(pattern=r"^[\x21-\x7e]{1,200}$", description="repeat a request with the same key, and it is done once"),
]
