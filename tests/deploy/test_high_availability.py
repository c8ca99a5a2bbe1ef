"""The recipe for two PostgreSQL servers holds together, as far as it can be told without three hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

_RECIPE = Path(__file__).parents[2] / "deploy" / "high-availability"


@pytest.fixture
def patroni() -> dict[str, Any]:
    """The configuration of Patroni."""
    document: dict[str, Any] = yaml.safe_load((_RECIPE / "patroni.yml").read_text(encoding="utf-8"))
    return document


def test_nothing_is_acknowledged_that_the_standby_does_not_have(patroni: dict[str, Any]) -> None:
    assert patroni["bootstrap"]["dcs"]["synchronous_mode"] is True
    assert "synchronous_commit" not in str(patroni)


def test_a_primary_has_stopped_before_another_is_promoted(patroni: dict[str, Any]) -> None:
    agreed = patroni["bootstrap"]["dcs"]
    assert agreed["ttl"] >= agreed["loop_wait"] + 2 * agreed["retry_timeout"]
    assert patroni["watchdog"]["safety_margin"] < agreed["ttl"] - agreed["loop_wait"]


def test_both_files_speak_of_the_same_hosts(patroni: dict[str, Any]) -> None:
    lines = (_RECIPE / "etcd").read_text(encoding="utf-8").splitlines()
    etcd = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert patroni["name"] == etcd["ETCD_NAME"]
    host = patroni["postgresql"]["connect_address"].partition(":")[0]
    assert etcd["ETCD_ADVERTISE_CLIENT_URLS"] == f"http://{host}:2379"
    members = dict(member.split("=http://") for member in etcd["ETCD_INITIAL_CLUSTER"].split(","))
    assert [member.replace("2380", "2379") for member in members.values()] == patroni["etcd3"]["hosts"]
    assert members[patroni["name"]] == f"{host}:2380"
