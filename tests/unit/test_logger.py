"""Log lines: what a unit of work writes and where to, and that it costs nothing while nobody looks."""

from __future__ import annotations

import asyncio
import logging
import re
import timeit
from collections.abc import Callable, Iterator

import pytest
from loguru import logger as loguru

from homechart_common import logger
from homechart_common.config import load
from homechart_common.errors import ItemNotFound, NothingChanged
from homechart_common.logger import annotate, context, trace

Log = Callable[..., None]


@pytest.fixture
def log() -> Iterator[Log]:
    """Sets the log up as a process does when it starts; afterwards it is as it was before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def set_up(*overrides: str) -> None:
        logger.set_up(load(overrides=overrides, environment={}))

    yield set_up
    set_up()
    loguru.remove()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_unit_that_goes_well_says_nothing(log, capsys):
    log()
    with context(method="GET"), trace("PlanTaskRead"):
        pass
    assert capsys.readouterr() == ("", "")


def test_a_unit_that_the_caller_got_wrong_says_nothing(log, capsys):
    log()
    with pytest.raises(ItemNotFound), trace("PlanTaskRead"):
        raise ItemNotFound
    assert capsys.readouterr() == ("", "")


def test_debugging_writes_a_line_for_each_unit_in_the_order_of_the_contract(log, capsys):
    log("cli_debug=true")
    with context(path="/api/v1/plan/tasks", method="GET"):
        annotate(authAccountID="7", authSessionAdmin=False, requestID="abc")
        with trace("PlanTaskRead") as unit:
            unit.status = 204
            unit.debug = "nothing changed"
    out, err = capsys.readouterr()
    assert re.sub(r":\d+'", ":1'", out) == (
        "[DEBUG] function='PlanTaskRead:1' success=true status=204 debug='nothing changed'"
        " authAccountID='7' authSessionAdmin=false method='GET' path='/api/v1/plan/tasks' requestID='abc'\n"
    )
    assert err == ""


def test_the_function_names_the_line_of_the_unit(log, capsys):
    log("cli_debug=true")
    with trace("PlanTaskRead"):
        here = test_the_function_names_the_line_of_the_unit.__code__.co_firstlineno + 2
    assert f"function='PlanTaskRead:{here}'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (ItemNotFound(), "error='Item not found' success=false status=400"),
        (NothingChanged(), "success=true status=204"),
        (asyncio.CancelledError(), "error='CancelledError' success=false status=499"),
    ],
)
def test_debugging_tells_how_a_unit_ended(log, capsys, failure, words):
    log("cli_debug=true")
    with pytest.raises(type(failure)), trace("PlanTaskRead"):
        raise failure
    out, err = capsys.readouterr()
    assert words in out
    assert err == ""


def test_debugging_can_be_on_for_one_context_only(log, capsys):
    log()
    with context(debug=True, path="/one"), context(method="GET"), trace("Inner"):
        pass
    with context(path="/two"), trace("Other"):
        pass
    out = capsys.readouterr().out
    assert "function='Inner" in out
    assert "path='/one'" in out
    assert "Other" not in out


def test_a_defect_is_told_once_by_the_unit_that_saw_it_first(log, capsys):
    log()
    with pytest.raises(ZeroDivisionError), trace("Outer"), trace("Inner"):
        raise ZeroDivisionError("division by zero")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("[ERROR] function='Inner:")
    assert "error='division by zero' success=false status=500" in err
    assert err.count("[ERROR]") == 1
    assert "test_logger.py" in err
    assert err.endswith("ZeroDivisionError: division by zero\n")


def test_a_defect_tells_what_led_to_it(log, capsys):
    log()

    @trace("Import")
    def fail() -> None:
        try:
            raise KeyError("cause")
        except KeyError as cause:
            raise RuntimeError("effect") from cause

    with pytest.raises(RuntimeError):
        fail()
    err = capsys.readouterr().err
    assert err.index("KeyError: 'cause'") < err.index("RuntimeError: effect")


def test_a_failure_that_became_a_response_is_told(log, capsys):
    log()
    with trace("PlanTaskRead") as unit:
        unit.fail(ValueError("odd"))
    assert "error='odd' success=false status=500" in capsys.readouterr().err


def test_neither_rows_nor_variables_get_into_the_log(log, capsys):
    log()
    password = "hunter2"  # noqa: F841 - a variable that a chatty traceback would show
    with pytest.raises(ValueError, match="constraint"), trace("AuthAccountCreate"):
        raise ValueError("violates check constraint\nDETAIL:  Failing row contains (hunter3).")
    err = capsys.readouterr().err
    assert "violates check constraint" in err
    assert "hunter2" not in err
    assert err.endswith("ValueError: violates check constraint\n")


def test_values_cannot_forge_a_line(log, capsys):
    log()
    logger.notice("Rate limited\n[ERROR] forged", key="1.2.3.4'\n[ERROR] success=true \ud800 é")
    out, err = capsys.readouterr()
    assert out == (
        "[NOTICE] Rate limited\\n[ERROR] forged key='1.2.3.4\\'\\n[ERROR] success=true \\ud800 é'\n"
    )
    assert err == ""


def test_errors_outside_units_name_the_function(log, capsys):
    log()
    logger.error("client failed", status=logger.STATUS_CLIENT_ERROR, version="1")
    err = capsys.readouterr().err
    assert err.startswith("[ERROR] function='test_errors_outside_units_name_the_function:")
    assert err.endswith("error='client failed' success=false status=406 version='1'\n")


def test_a_decorated_function_is_a_unit_each_time_it_is_called(log, capsys):
    log("cli_debug=true")

    @trace("Double")
    def double(number: int) -> int:
        return number * 2

    @trace("Triple")
    async def triple(number: int) -> int:
        await asyncio.sleep(0)
        return number * 3

    assert double(2) + double(3) == 10
    assert asyncio.run(triple(2)) == 6
    assert re.findall(r"function='(\w+):", capsys.readouterr().out) == ["Double", "Double", "Triple"]


def test_concurrent_contexts_do_not_mix(log, capsys):
    log("cli_debug=true")

    async def request(name: str) -> None:
        with context(path=name):
            await asyncio.sleep(0)
            with trace("Unit"):
                annotate(requestID=name)
                await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(request("a"), request("b"))

    asyncio.run(both())
    lines = [line for line in capsys.readouterr().out.splitlines() if "Unit" in line]
    assert sorted(re.findall(r"path='(\w)' requestID='(\w)'", "\n".join(lines))) == [("a", "a"), ("b", "b")]


def test_annotating_without_a_context_leaves_no_trace(log, capsys):
    log("cli_debug=true")
    annotate(path="/lost")
    with trace("Unit"):
        pass
    assert "lost" not in capsys.readouterr().out


def test_what_libraries_log_becomes_lines(log, capsys):
    log()
    library = logging.getLogger("aiohttp.server")
    library.info("not now")
    library.warning("careful with %s", "this")
    try:
        raise ValueError("odd")
    except ValueError:
        library.exception("Error handling request")
    out, err = capsys.readouterr()
    assert out == "[NOTICE] careful with this logger='aiohttp.server'\n"
    assert err.startswith("[ERROR] Error handling request logger='aiohttp.server'\n")
    assert err.endswith("ValueError: odd\n")


def test_a_unit_costs_microseconds_at_most_while_nobody_looks(log):
    log()

    def unit() -> None:
        with trace("PlanTaskRead"):
            pass

    assert min(timeit.repeat(unit, number=1000, repeat=20)) / 1000 < 5e-6
