"""The example of using the service from outside, against the real app over scripted models."""

import asyncio
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import httpx
from live_server import live
from scripted import png

EXAMPLE = Path(__file__).parents[2] / "examples" / "service_from_outside.py"
WISH = "add blond hair"


def example() -> ModuleType:
    spec = spec_from_file_location(EXAMPLE.stem, EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_three_ways_lead_to_a_picture(tmp_path: Path):
    module = example()
    with live(tmp_path) as service:
        key = service.key("alice")
        url = module.with_the_client(service.url, key, WISH)
        assert httpx.get(url).content.startswith(b"\x89PNG")
        assert "![version 1](http" in module.with_openai(service.url, key, png(3, 48), WISH)
        assert asyncio.run(module.with_mcp(service.url, key, WISH)).startswith(b"\x89PNG")
    assert [request.belief_state for request in service.editor.requests] == [{"hair color": ["blond hair"]}] * 2


def test_it_runs_as_it_stands(tmp_path: Path):
    with live(tmp_path, auth="off") as service:
        example().main(service.url)
