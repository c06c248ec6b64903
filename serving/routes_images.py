"""Pictures over HTTP."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from .border import TheBorder, TheCaller, bearer_scheme, border_of, caller_of, header_scheme
from .errors import BodyTooLarge, NotAuthenticated, UploadIncomplete, UploadTooSlow
from .schemas import ImageId, ImageView

UPLOAD_S = 60.0
IMMUTABLE = "private, max-age=31536000, immutable"  # the id is the hash of the bytes
_BINARY = {"schema": {"type": "string", "format": "binary"}}
router = APIRouter(prefix="/v1/images", tags=["images"])


@router.post(
    "",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": dict.fromkeys(("image/png", "image/jpeg", "image/webp", "application/octet-stream"), _BINARY),
        }
    },
)
async def upload_image(request: Request, border: TheBorder, caller: TheCaller) -> ImageView:
    """Upload a picture: the bytes of its file as the body. It is decoded, stripped of metadata, and kept as PNG."""
    data = await _body(request, border.service.limits.images.max_bytes)
    stored = await run_in_threadpool(border.service.put_image, caller.owner, data)
    return caller.views.image(stored.reference, width=stored.width, height=stored.height, size_bytes=stored.size_bytes)


@router.get("/{image}", response_class=Response, responses={200: {"content": {"image/png": _BINARY}}, 304: {}})
async def get_image(
    request: Request,
    image: ImageId,
    by: Annotated[str | None, Query(max_length=64)] = None,
    expires: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    signature: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """A picture, for its owner's key or by the URL that an answer gave."""
    border = border_of(request)
    if by is not None and expires is not None and signature is not None:
        if not border.signer.is_valid(by, image, expires, signature):
            raise NotAuthenticated
        await run_in_threadpool(border.service.meter.count_request, by)
        owner = by
    else:
        owner = (await caller_of(request, await bearer_scheme(request), await header_scheme(request))).owner
    headers = {"ETag": f'"{image}"', "Cache-Control": IMMUTABLE}
    data = await run_in_threadpool(border.service.image, owner, image)
    if _is_known(request.headers.get("if-none-match", ""), image):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="image/png", headers=headers)


@router.delete("/{image}", status_code=204)
def delete_image(image: ImageId, border: TheBorder, caller: TheCaller) -> None:
    """Delete an upload that is in no thread."""
    border.service.delete_image(caller.owner, image)


async def _body(request: Request, max_bytes: int) -> bytes:
    """The whole body, bounded in size and time."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(UPLOAD_S):
            async for part in request.stream():
                size += len(part)
                if size > max_bytes:
                    raise BodyTooLarge(max_bytes)
                parts.append(part)
    except TimeoutError as error:
        raise UploadTooSlow(UPLOAD_S) from error
    except ClientDisconnect as error:
        raise UploadIncomplete from error
    return b"".join(parts)


def _is_known(if_none_match: str, reference: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or f'"{reference}"' in tags
