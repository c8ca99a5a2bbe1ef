"""A client that a generator writes from the OpenAPI document can do with every object what there is to do."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from homechart_api.controllers.documentation import Document
from homechart_api.routes import routes
from homechart_common.models import registry
from homechart_common.models.model import Model
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import body_for, what_it_needs

PACKAGE = "homechart_client"
#: What no generator can know how to read or write; everything else must be in the client.
OPAQUE = [
    "GET /api/docs/{file}",
    "GET /api/v1/auth/households/{auth_household_id}/export",
    "GET /swagger.yaml",
    "POST /api/v1/telemetry/traces",
]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The client can be imported; this is what its generator warned of."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_bytes(Document(routes()).json.body)
    (folder / "config.yml").write_text(json.dumps({"post_hooks": []}))
    generator = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"),
            *("--path", "openapi.json", "--config", "config.yml", "--output-path", PACKAGE),
        ],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    sys.path.insert(0, str(folder))
    yield re.findall(r"(?m)^(?:WARNING parsing |(?=Unable to ))(.+?)(?: within.*)?$", generator.stdout)
    sys.path.remove(str(folder))


def operation(name: str) -> ModuleType:
    """The module of an operation, such as ``BookmarkCreate``."""
    found = list(Path(importlib.import_module(f"{PACKAGE}.api").__path__[0]).glob(f"*/{snake(name)}.py"))
    assert len(found) == 1, name
    return importlib.import_module(f"{PACKAGE}.api.{found[0].parent.name}.{found[0].stem}")


def snake(name: str) -> str:
    """As the generator spells names."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


async def call(caller: Caller, name: str, **arguments: Any) -> Any:
    """What an operation of the generated client answers, as its own types; nothing for a 204."""
    package = importlib.import_module(PACKAGE)
    base = str(caller.client.make_url("")).rstrip("/")
    async with package.Client(base_url=base, headers=caller.headers) as client:
        answer = await operation(name).asyncio_detailed(client=client, **arguments)
    assert answer.status_code in (200, 204), answer.content
    return answer.parsed


async def written(caller: Caller, model: type[Model], verb: str, body: dict[str, Any], **ids: str) -> Any:
    """The object that is made or changed with a body of the client's own type."""
    kind = {"Create": "Input", "Update": "Patch"}[verb]
    typed = getattr(importlib.import_module(f"{PACKAGE}.models"), f"{model.__name__}{kind}").from_dict(body)
    assert not typed.additional_properties
    return (await call(caller, f"{model.__name__}{verb}", body=typed, **ids)).data_value[0]


def test_the_generator_understands_the_document(generated: list[str]) -> None:
    assert sorted(generated) == OPAQUE


@pytest.mark.parametrize(
    "model", [model for model in registry if "create" in model.routes], ids=lambda model: model.__name__
)
async def test_it_can_do_everything_with_an_object(
    cast: Cast, generated: list[str], model: type[Model]
) -> None:
    ann, name = cast.ann, model.__name__
    body = await ann.body(model)
    made = await written(ann, model, "Create", body)
    listed = await call(ann, f"{model.plural}Read")
    assert made.id in [value.id for value in listed.data_value]
    assert await call(ann, f"{model.plural}Read", x_homechart_hash=listed.data_hash) is None
    if "update" in model.routes:
        change = body_for(model, "U", by=ann.account, **what_it_needs(model, body))
        changed = await written(ann, model, "Update", change, id=made.id)
        assert changed.id == made.id
        assert changed.updated > made.updated
        assert (await call(ann, f"{name}Read", id=made.id)).data_value == [changed]
    await call(ann, f"{name}Delete", id=made.id)
    assert made.id not in [value.id for value in (await call(ann, f"{model.plural}Read")).data_value]
