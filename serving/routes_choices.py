"""What there is to choose from, over HTTP: the portraits that ship, and the values that can be asked for."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from ..dialogue.ontology import ONTOLOGY, SINGLE_VALUED, excluded_by
from ..tools.errors import UnknownImage
from .border import TheBorder, views_for
from .keys import LOCAL_OWNER
from .schemas import OntologyView, PortraitView, SlotView

_PNG = {"schema": {"type": "string", "format": "binary"}}
router = APIRouter(prefix="/v1", tags=["choices"])  # they are public: no key is needed


@router.get("/portraits")
def list_portraits(request: Request, border: TheBorder) -> list[PortraitView]:
    """Portraits that ship with the model pack. To edit one, upload the bytes at its URL as any picture."""
    views = views_for(request, LOCAL_OWNER)
    return [views.portrait(sample) for sample in border.portraits]


@router.get("/portraits/{name}", response_class=Response, responses={200: {"content": {"image/png": _PNG}}})
def get_portrait(border: TheBorder, name: Annotated[str, Path(max_length=64)]) -> Response:
    """The file of a portrait that ships."""
    for sample in border.portraits:
        if sample.name == name:
            headers = {"Cache-Control": "public, max-age=3600"}
            return Response(sample.path.read_bytes(), media_type="image/png", headers=headers)
    raise UnknownImage(name)


@router.get("/ontology")
def get_ontology() -> OntologyView:
    """Slots and values."""
    slots = [SlotView(name=s, values=list(v), is_single=s in SINGLE_VALUED) for s, v in ONTOLOGY.slots.items()]
    return OntologyView(slots=slots, excludes={value: _replaced_by(value) for value in ONTOLOGY.values})


def _replaced_by(value: str) -> list[str]:
    slot = ONTOLOGY.slot_of(value)
    others = set(ONTOLOGY.slots[slot]) - {value} if slot in SINGLE_VALUED else excluded_by(value)
    return [other for other in ONTOLOGY.values if other in others]
