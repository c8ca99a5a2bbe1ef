"""Which addresses are on the public internet, so that requests made for somebody may go there; and in which networks."""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

#: What is not public, from IANA's registries of special-purpose addresses. A list of our own, since what
#: Python calls global differs between its versions and includes multicast.
_SPECIAL_IPV4 = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a provider's address translation, and a cloud's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's metadata, though the address is a public one
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, and a cloud's metadata
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays to 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
#: Everything public in IPv6 is in here. What maps or translates IPv4 addresses (``::ffff:0:0/96``, NAT64) and
#: what is private (``fc00::/7``, ``fe80::/10``) is not.
_GLOBAL_IPV6 = ip_network("2000::/3")
_SPECIAL_IPV6 = tuple(
    ip_network(text)
    for text in (
        "2001::/23",  # protocol assignments, and Teredo, which has IPv4 addresses in it
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which has IPv4 addresses in it
        "3fff::/20",  # documentation
    )
)


def is_public(address: str) -> bool:
    """Whether a numeric address, as sockets spell it, is one that everybody on the internet can reach."""
    parsed: IPv4Address | IPv6Address = ip_address(address)
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in _SPECIAL_IPV4)
    return parsed in _GLOBAL_IPV6 and not any(parsed in network for network in _SPECIAL_IPV6)


#: The first numbers of an IPv4 address, as options of earlier versions spelled networks.
_FIRST_NUMBERS = re.compile(r"([0-9]{1,3}\.){1,3}")


def network(text: str) -> IPv4Network | IPv6Network:
    """The network that ``10.0.0.0/24``, ``10.0.0.`` or a single address means. Raises :class:`ValueError`."""
    if _FIRST_NUMBERS.fullmatch(text):
        given = text.count(".")
        return ip_network(f"{text}{'.'.join(['0'] * (4 - given))}/{8 * given}")
    return ip_network(text)


def is_network(text: str) -> bool:
    """Whether :func:`network` knows what a text means."""
    with suppress(ValueError):
        network(text)
        return True
    return False


def is_in(address: str, place: str) -> bool:
    """Whether an address, as sockets spell it, is in the network that ``place`` means."""
    with suppress(ValueError):
        parsed = ip_address(address)
        mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
        return (mapped or parsed) in network(place)
    return False
