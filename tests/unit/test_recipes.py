"""Recipes are read from what pages say of them, however they say it (contract B2 §2.4)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from homechart_common import recipes
from homechart_common.errors import InvalidInput
from homechart_common.fetch import MOST_BYTES, Page

URL = "https://cook.test/soups/leek"
SCHEMA = "https://schema.org"


def page(html: str | bytes, charset: str | None = None) -> Page:
    body = html if isinstance(html, bytes) else html.encode()
    return Page(URL, "text/html", charset, body, "", "", False)


def script(*described: Any) -> str:
    """A page that describes things in JSON-LD, each in a script of its own."""
    scripts = "".join(
        f'<script type="application/ld+json">{json.dumps(thing)}</script>' for thing in described
    )
    return f"<html><head><title>Not the name</title>{scripts}</head><body><h1>Soup</h1></body></html>"


def recipe(**properties: Any) -> dict[str, Any]:
    return {"@context": SCHEMA, "@type": "Recipe", "name": "Leek soup", **properties}


def read(**properties: Any) -> dict[str, Any]:
    """The body that comes of a recipe with these properties."""
    return recipes.read(page(script(recipe(**properties)))).body


def refusal(html: str | bytes) -> str:
    with pytest.raises(InvalidInput) as refused:
        recipes.read(page(html))
    return refused.value.message


def test_every_property_is_taken_over() -> None:
    found = recipes.read(
        page(
            script(
                recipe(
                    recipeIngredient=["2 leeks", "1 1/2 cups barley"],
                    recipeInstructions=[
                        {"@type": "HowToStep", "text": "Soften the leeks."},
                        {"@type": "HowToStep", "text": "Simmer."},
                    ],
                    recipeYield="4 bowls",
                    recipeCategory=["Soup", "Main course"],
                    prepTime="PT10M",
                    cookTime="PT1H30M",
                    mainEntityOfPage="https://cook.test/leek",
                    image="/leek.jpg",
                    description="Not taken over",
                    keywords="neither, nor",
                )
            )
        )
    )
    assert found == (
        {
            "name": "Leek soup",
            "directions": "Soften the leeks.\nSimmer.\n",
            "ingredients": "2 leeks\n1 1/2 cups barley",
            "servings": "4 bowls",
            "source": "https://cook.test/leek",
            "tags": ["Soup", "Main course"],
            "timeCook": 90,
            "timePrep": 10,
        },
        "https://cook.test/leek.jpg",
    )


def test_a_name_is_enough() -> None:
    assert recipes.read(page(script(recipe()))) == (
        {
            "name": "Leek soup",
            "directions": "",
            "ingredients": "",
            "servings": "",
            "source": URL,
            "tags": [],
            "timeCook": 0,
            "timePrep": 0,
        },
        "",
    )


@pytest.mark.parametrize(
    "described",
    [
        [recipe()],
        [{"@type": "WebSite", "name": "Cook"}, recipe()],
        [[{"@type": "WebSite", "name": "Cook"}, recipe()]],
        [{"@context": SCHEMA, "@graph": [{"@type": "Person", "name": "Ann"}, recipe()]}],
        [{"@graph": [{"@type": "WebPage", "name": "Page", "mainEntity": recipe()}]}],
        [[{"@graph": [[recipe()]]}]],
        [recipe(**{"@type": ["Recipe", "NewsArticle"]})],
        [recipe(**{"@type": "http://schema.org/Recipe"})],
        [recipe(**{"@type": "schema:Recipe"})],
        [recipe(), recipe(name="Another one")],
    ],
    ids=["alone", "scripts", "list", "graph", "main entity", "nested", "types", "address", "prefix", "first"],
)
def test_the_first_recipe_is_found_wherever_it_is(described: list[Any]) -> None:
    assert recipes.read(page(script(*described))).body["name"] == "Leek soup"


@pytest.mark.parametrize(
    "wrapped",
    [
        "<!-- {} -->",
        "//<![CDATA[\n{}\n//]]>",
        "\n  {} ;\n",
        "/* recipe */ {}",
        '{{"broken": </script><script type="application/ld+json">{}',
        "{{}}</script><script type='Application/LD+JSON; charset=utf-8'>{}",
    ],
)
def test_what_is_around_a_description_does_not_matter(wrapped: str) -> None:
    html = f'<script type="application/ld+json">{wrapped.format(json.dumps(recipe()))}</script>'
    assert recipes.read(page(html)).body["name"] == "Leek soup"


def test_a_description_may_have_line_breaks_in_its_texts() -> None:
    text = '{"@type": "Recipe", "name": "Leek\n\tsoup", "recipeIngredient": ["2 leeks"]}'
    body = recipes.read(page(f'<script type="application/ld+json">{text}</script>')).body
    assert (body["name"], body["ingredients"]) == ("Leek soup", "2 leeks")


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("", "url: leads to a page that describes no recipe"),
        ("<html></html>", "url: leads to a page that describes no recipe"),
        (b"\x00\xff\xfe" * 100, "url: leads to a page that describes no recipe"),
        ("<h1>Leek soup</h1>", "url: leads to a page that describes no recipe"),
        (script({"@type": "Product", "name": "Leek"}), "url: leads to a page that describes no recipe"),
        (script({"@type": "RecipeBook", "name": "Leek"}), "url: leads to a page that describes no recipe"),
        (
            script("Recipe", 5, None, [], {"@graph": "Recipe"}),
            "url: leads to a page that describes no recipe",
        ),
        (script(recipe(name="")), "url: leads to a recipe without a name"),
        (script(recipe(name=None)), "url: leads to a recipe without a name"),
        (script(recipe(name=["", "x"])), "url: leads to a recipe without a name"),
    ],
)
def test_without_a_recipe_that_has_a_name_nothing_is_made(html: str | bytes, said: str) -> None:
    assert refusal(html) == said


STEP, SECTION = {"@type": "HowToStep"}, {"@type": "HowToSection"}


@pytest.mark.parametrize(
    ("instructions", "directions"),
    [
        (None, ""),
        ([], ""),
        ("Cut.\n\n  Cook.\r\nEat. ", "Cut.\nCook.\nEat."),
        (["Cut."], "Cut."),
        (["Cut.", "Cook."], "Cut.\nCook.\n"),
        ([{**STEP, "text": "Cut.\n"}, {**STEP, "text": "Cook."}], "Cut.\nCook.\n"),
        ([{**STEP, "name": "First", "text": "Cut."}], "Cut.\n"),
        ([{**STEP, "name": "Cut."}, {"text": "Cook."}], "Cut.\nCook.\n"),
        ({**STEP, "text": "Cut."}, "Cut.\n"),
        (
            [
                {**SECTION, "name": "Soup", "itemListElement": [{**STEP, "text": "Cut."}, {"text": "Cook."}]},
                {**SECTION, "name": "To serve", "itemListElement": {**STEP, "text": "Eat."}},
                {**SECTION, "itemListElement": ["Wash up."]},
            ],
            "## Soup\nCut.\nCook.\n## To serve\nEat.\nWash up.\n",
        ),
        ({"@type": "ItemList", "itemListElement": [{**STEP, "text": "Cut."}]}, "Cut.\n"),
        (
            [{**STEP, "name": "First", "itemListElement": [{"@type": "HowToDirection", "text": "Cut."}]}],
            "Cut.\n",
        ),
        ("<ol><li>Cut &amp; wash.</li><li>Cook <b>long</b>.</li></ol>", "Cut & wash.\nCook long."),
        ([{**STEP, "text": "Cut <br> the <em>leeks</em> &amp; wash."}], "Cut\nthe leeks & wash.\n"),
        ("Heat to < 100 & stir", "Heat to < 100 & stir"),
        (5, "5\n"),
        (True, ""),
        ([None, {"x": 1}, []], ""),
    ],
)
def test_directions(instructions: Any, directions: str) -> None:
    assert read(recipeInstructions=instructions)["directions"] == directions


@pytest.mark.parametrize(
    ("properties", "member", "value"),
    [
        ({"recipeIngredient": "2 leeks"}, "ingredients", "2 leeks"),
        ({"recipeIngredient": ["a", "", "b"]}, "ingredients", "a\nb"),
        ({"ingredients": ["2 leeks"]}, "ingredients", "2 leeks"),
        ({"recipeIngredient": ["1&nbsp;cup", "&frac12; <i>leek</i>"]}, "ingredients", "1 cup\n½ leek"),
        ({"recipeIngredient": [{"@type": "PropertyValue", "name": "leek"}]}, "ingredients", "leek"),
        ({"recipeYield": 4}, "servings", "4"),
        ({"recipeYield": ["4", "4 bowls"]}, "servings", "4 bowls"),
        ({"recipeYield": []}, "servings", ""),
        ({"mainEntityOfPage": {"@id": "https://cook.test/leek"}}, "source", "https://cook.test/leek"),
        ({"mainEntityOfPage": True}, "source", URL),
        ({"mainEntityOfPage": "javascript:alert(1)"}, "source", URL),
        ({"mainEntityOfPage": f"https://cook.test/{'x' * 500}"}, "source", URL),
        ({"recipeCategory": "Soup, Vegan,, "}, "tags", ["Soup", "Vegan"]),
        ({"recipeCategory": ["Soup", None, 5, ""]}, "tags", ["Soup", "5"]),
        ({"recipeCategory": ["x"] * 99}, "tags", ["x"] * 50),
        ({"name": "Ben &amp; Ann&#39;s <b>soup</b>"}, "name", "Ben & Ann's soup"),
        ({"name": "Leek\ud800\x00 soup"}, "name", "Leek soup"),
        ({"name": "x" * 501}, "name", "x" * 499 + "…"),
        ({"recipeInstructions": "x" * 5001}, "directions", "x" * 4999 + "…"),
    ],
)
def test_what_is_said_in_other_ways(properties: dict[str, Any], member: str, value: Any) -> None:
    assert read(**properties)[member] == value


@pytest.mark.parametrize(
    ("duration", "minutes"),
    [
        ("PT45M", 45),
        ("PT1H30M", 90),
        ("P1DT2H", 1560),
        ("P2W", 20160),
        ("PT90S", 2),
        ("PT30.5S", 1),
        ("P1Y2M3DT4M", 4324),
        ("pt5m", 5),
        ("PT", 0),
        ("P", 0),
        ("", 0),
        ("45 minutes", 0),
        ("-PT5M", 0),
        ("PT9999999999M", 0),
        (f"PT{'9' * 60}M", 0),
        ("PT٤M", 0),
        (45, 0),
        (None, 0),
        (["PT5M", "PT6M"], 6),
    ],
)
def test_durations_are_whole_minutes(duration: Any, minutes: int) -> None:
    body = read(prepTime=duration, cookTime=duration)
    assert (body["timePrep"], body["timeCook"]) == (minutes, minutes)


@pytest.mark.parametrize(
    ("image", "url"),
    [
        ("https://img.test/a.jpg", "https://img.test/a.jpg"),
        ("a.jpg", "https://cook.test/soups/a.jpg"),
        ("//img.test/a.jpg", "https://img.test/a.jpg"),
        ({"@type": "ImageObject", "url": "https://img.test/a.jpg"}, "https://img.test/a.jpg"),
        ({"contentUrl": "https://img.test/a.jpg"}, "https://img.test/a.jpg"),
        (["https://img.test/a.jpg", "b.jpg"], "https://img.test/a.jpg"),
        ([{"url": ["https://img.test/a.jpg"]}], "https://img.test/a.jpg"),
        ([], ""),
        (5, ""),
        ("http://[", ""),
    ],
)
def test_a_picture_is_where_the_page_says(image: Any, url: str) -> None:
    assert recipes.read(page(script(recipe(image=image)))).image_url == url


MICRODATA = """
<div itemscope itemtype="http://schema.org/WebPage"><h1 itemprop="name">The page</h1>
<article itemscope itemtype="https://schema.org/Thing http://schema.org/Recipe" itemprop="mainEntity">
  <h2 itemprop="name">Leek <em>soup</em></h2>
  <div itemprop="author" itemscope itemtype="http://schema.org/Person"><span itemprop="name">Ann</span></div>
  <a itemprop="mainEntityOfPage" href="https://cook.test/leek">Here</a>
  <img itemprop="image" src="leek.jpg" alt="Leeks">
  <meta itemprop="prepTime" content="PT10M"><time itemprop="cookTime" datetime="PT40M">40 minutes</time>
  <p>For <span itemprop="recipeYield">4 bowls</span> of <span itemprop="recipeCategory">Soup</span></p>
  <ul><li itemprop="recipeIngredient">2 <b itemprop="name">leeks</b></li>
  <li itemprop="recipeIngredient">barley</li></ul>
  <div itemprop="recipeInstructions"><script>var x = "no";</script>
    <ol><li>Cut<br>and wash.</li> <li>Cook.</li></ol></div>
</article></div>
"""


def test_microdata_is_read_where_there_is_no_json() -> None:
    assert recipes.read(page(MICRODATA)) == (
        {
            "name": "Leek soup",
            "directions": "Cut\nand wash.\nCook.",
            "ingredients": "2 leeks\nbarley",
            "servings": "4 bowls",
            "source": "https://cook.test/leek",
            "tags": ["Soup"],
            "timeCook": 40,
            "timePrep": 10,
        },
        "https://cook.test/soups/leek.jpg",
    )
    assert recipes.read(page(script(recipe()) + MICRODATA)).body["ingredients"] == ""


def test_steps_in_microdata_are_steps() -> None:
    steps = "".join(
        f'<li itemprop="recipeInstructions" itemscope itemtype="{SCHEMA}/HowToStep">'
        f'<b itemprop="name">{n}</b> <span itemprop="text">Step {n}.</span></li>'
        for n in (1, 2)
    )
    html = f'<div itemscope itemtype="{SCHEMA}/Recipe"><p itemprop="name">Soup</p>{steps}</div>'
    assert recipes.read(page(html)).body["directions"] == "Step 1.\nStep 2.\n"


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("Löffel".encode(), None),
        ("Löffel".encode(), "utf-8"),
        ("Löffel".encode("latin-1"), "iso-8859-1"),
        ('<meta charset="iso-8859-1">Löffel'.encode("latin-1"), None),
        ('<meta charset="iso-8859-1">Löffel'.encode(), "utf-8"),
        ("Löffel".encode(), "nonsense"),
        ("Löffel".encode(), "punycode"),
    ],
)
def test_letters_are_those_that_were_meant(body: bytes, charset: str | None) -> None:
    described = body.replace(b"L", b'<script type="application/ld+json">{"@type":"Recipe","name":"L', 1)
    found = recipes.read(page(described + b'"}</script>', charset))
    assert found.body["name"] == "Löffel"


LARGE = MOST_BYTES - 1000


@pytest.mark.parametrize(
    "html",
    [
        script(recipe(recipeYield="1" * LARGE, prepTime="1" * LARGE)),
        script(recipe(name="<" * LARGE)),
        script(recipe(name="<a" * (LARGE // 2))),
        script(recipe(name="&" + "amp;" * (LARGE // 4))),
        script(recipe(recipeIngredient=["<b>"] * (LARGE // 7))),
        script(recipe(recipeInstructions=[[["<b>"] * 1000] * 100] * 7)),
        script(*[recipe(name="")] * (LARGE // 150)),
        f'<script type="application/ld+json">{"[" * LARGE}</script>',
        f'<script type="application/ld+json">{"[{" * (LARGE // 2)}}}</script>',
        f'<script type="application/ld+json">[{"9" * LARGE}]</script>',
        "<div itemscope>" * (LARGE // 15),
        f'<div itemscope itemtype="{SCHEMA}/Recipe">' + '<div itemprop="text">x' * (LARGE // 23),
        f'<div itemscope itemtype="{SCHEMA}/Recipe">' + "<b itemscope itemprop=text></b>" * (LARGE // 32),
        f'<div itemscope itemtype="{SCHEMA}/Recipe"></div>' * (LARGE // 60),
        '<p itemscope itemprop="' + "text " * (LARGE // 5),
        "<p>" * (LARGE // 3),
        "<!--" * (LARGE // 4),
        "<![CDATA[" * (LARGE // 9),
        "&" * LARGE,
    ],
    ids=lambda html: html[:0],
)
def test_a_page_that_is_meant_to_take_long_is_dealt_with(html: str) -> None:
    """How long that takes is measured (bench/hostile.py)."""
    try:
        recipes.read(page(html))
    except InvalidInput as refused:
        assert refused.message.startswith("url: ")  # noqa: PT017
