"""Places among siblings, over all that siblings can have (contract B1 §2.8, B2 §1.7)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from homechart_common.models.fields import Position
from homechart_common.postgresql.database import Database, array

letters = st.text("abz", max_size=3).map(lambda suffix: f":{suffix}" if suffix else "")
places = st.builds("{}{}".format, st.integers(0, 12) | st.integers(0, 10**60), letters)


def order(place: str) -> tuple[int, str]:
    """Sorts places. A number alone comes after all with letters, what goes on before what it goes on from."""
    number, _, suffix = place.partition(":")
    return int(number), suffix + chr(ord("z") + 1)


async def placed(database: Database, wanted: str, siblings: list[str]) -> str:
    return str(
        await database.fetch_value(
            "SELECT placed(%(wanted)s, %(siblings)s::text[])",
            {"wanted": wanted, "siblings": array(siblings)},
        )
    )


def test_places_are_in_the_order_that_clients_show() -> None:
    assert sorted(["3", "4:da", "3:a", "10", "3:b", "3:aa"], key=order) == [
        "3:aa",
        "3:a",
        "3:b",
        "3",
        "4:da",
        "10",
    ]


@given(siblings=st.lists(places, max_size=8), empty=st.booleans(), data=st.data())
async def test_who_wants_no_place_or_one_that_is_taken_comes_last(
    database: Database, siblings: list[str], empty: bool, data: st.DataObject
) -> None:
    wanted = data.draw(st.sampled_from(siblings)) if siblings and not empty else ""
    place = await placed(database, wanted, siblings)
    assert Position().read(place) == place
    assert all(order(sibling) < order(place) for sibling in siblings)


@given(wanted=places, siblings=st.lists(places, max_size=8))
async def test_who_wants_a_place_that_is_free_gets_it(
    database: Database, wanted: str, siblings: list[str]
) -> None:
    others = [sibling for sibling in siblings if sibling != wanted]
    assert await placed(database, wanted, others) == wanted
