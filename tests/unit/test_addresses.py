from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from homechart_common.addresses import is_in, is_network, is_public


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "172.32.0.1",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450::1",
        "2001:4860:4860::8888",
    ],
)
def test_what_everybody_can_reach_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.88.99.1",
        "192.168.178.1",
        "198.18.0.1",
        "224.0.0.251",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::a00:1",
        "100::1",
        "2001:0:7f00:1::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_what_is_special_or_has_another_address_in_it_is_not_public(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses().map(str))
@example("192.0.0.9")
@example("2001:20::1")
def test_what_python_does_not_call_global_is_not_public(address: str) -> None:
    assert ip_address(address).is_global or not is_public(address)


@pytest.mark.parametrize(
    ("place", "inside", "outside"),
    [
        ("10.0.0.1", "10.0.0.1", "10.0.0.10"),
        ("10.0.0.1", "::ffff:10.0.0.1", "::ffff:10.0.0.10"),
        ("10.0.0.0/24", "10.0.0.255", "10.0.1.0"),
        ("10.", "10.255.0.1", "100.0.0.1"),
        ("192.168.1.", "192.168.1.77", "192.168.11.7"),
        ("2001:db8::7", "2001:db8::7", "2001:db8::70"),
        ("fd00::/8", "fd12::1", "fe80::1"),
    ],
)
def test_a_place_is_an_address_or_a_network(place: str, inside: str, outside: str) -> None:
    assert is_in(inside, place)
    assert not is_in(outside, place)


@pytest.mark.parametrize(
    "text", ["", "10", "10.0", "10.0.0.1/24", "10.0.0.0/33", "300.", "1.2.3.4.", "fd00:", "localhost"]
)
def test_what_is_neither_is_no_place(text: str) -> None:
    assert not is_network(text)
    assert not is_in("10.0.0.1", text)


@pytest.mark.parametrize("address", ["", "unix", "10.0.0", "10.0.0.1:80"])
def test_what_is_no_address_is_nowhere(address: str) -> None:
    assert not is_in(address, "10.")
