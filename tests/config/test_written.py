"""What a loaded configuration still knows of its files: places of paths, and what must not be printed."""

from router.config import Loaded, load
from router.fakes import FakeFiles
from router.model import Place

FILES = {
    "router.yaml": """\
version: 1
include: [shop.yaml]
defaults: {function_url: {invocation: sync}}
triggers:
  page:
    type: function_url
    hosts: ["${HOST}"]
    function: arn:aws:lambda:eu-west-1:111122223333:function:page
    auth: {bearer: "pl4in"}
""",
    "shop.yaml": """\
namespace: team
triggers:
  shop: {type: api_gateway, api: http, invocation: sync, routes: {GET /a: arn:aws:lambda:eu-west-1:111122223333:function:a}}
""",
    "dev.yaml": "triggers: {page: {hosts: [dev.example.com]}}\n",
}


def loaded(*overlays: str) -> Loaded:
    return load(["router.yaml"], overlays, files=FakeFiles(FILES), env={"HOST": "page.example.com"})


def test_places_of_paths() -> None:
    written = loaded("dev.yaml").written
    assert written is not None
    assert written.place(("triggers", "page", "hosts")) == Place("dev.yaml", 1, 19)
    assert written.place(("triggers", "page", "hosts", 0)) == Place("dev.yaml", 1, 27)
    assert written.place(("triggers", "team.shop", "routes", "GET /a")) == Place("shop.yaml", 3, 67)
    assert written.place(("triggers", "page", "invocation")) == Place("router.yaml", 3, 27)
    assert written.place(("triggers", "page", "cors", "max_age")) == Place("dev.yaml", 1, 12)


def test_what_must_not_be_printed() -> None:
    redact = loaded().redact
    assert redact("pl4in text of page.example.com, not pl4inly") == "(redacted) text of ${HOST}, not pl4inly"


def test_nothing_is_known_of_files_that_cannot_be_read() -> None:
    assert load(["nowhere.yaml"], files=FakeFiles({}), env={}).written is None
