"""Where the streams of cameras may lead: to which hosts, and to which files of this machine.

Asked when somebody adds a camera, and again for every connection, redirect and file that is opened: a row in
the database proves nothing, and a name may lead elsewhere today.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from hypersight_core.domain.cameras import SCHEMES
from hypersight_core.errors import InvalidInput
from hypersight_core.settings import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FILE, LOCAL_CAMERA = "file", "v4l2"
DEVICE = re.compile(r"/dev/(video[0-9]+|v4l/by-(id|path)/[^/]+)")
"""Opening another device may do things: a watchdog reboots the machine."""
NAME = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.IGNORECASE)
UNREADABLE = re.compile(r"[\x00-\x20\x7f\\]")
"""What two parsers may take for the end of a host name or not."""
AUTHORITY = re.compile(r"[^/?#]*(//[^/?#]*)?")
NEVER_ASKED_FOR = tuple(
    ipaddress.ip_network(one) for one in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254", "100.100.100.200")
)
"""Link-local, and where clouds hand a machine its credentials."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")

refused = partial(InvalidInput, field="stream_url")


@dataclass(frozen=True, slots=True)
class Reach:
    """The rules of one installation; the usual value is for who has this machine's rights anyway."""

    names: tuple[str, ...] = ()
    """Lower case; `*.` in front stands for any names before the rest."""
    networks: tuple[Network, ...] = ()
    """Without names and networks any host is good but `NEVER_ASKED_FOR`."""
    media_dir: Path | None = None
    """Where files must lie; None: anywhere."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Read the settings.

        Raises:
            InvalidInput: `HYPERSIGHT_CAMERA_HOSTS` lists what is neither a name nor a network.
        """
        names, networks = [], []
        for entry in filter(None, (one.strip() for one in settings.camera_hosts.split(","))):
            network = _network(entry)
            if network is not None:
                networks.append(network)
            elif NAME.fullmatch(entry):
                names.append(entry.lower())
            else:
                raise InvalidInput(
                    f"HYPERSIGHT_CAMERA_HOSTS: {entry!r} is no host name, *.name, address or network"
                )
        media_dir = Path(settings.media_dir or settings.var_dir / "media").expanduser().absolute()
        return cls(tuple(names), tuple(networks), media_dir)

    def check(self, stream_url: str) -> None:
        """Refuse a stream that may not be opened; looks its host's name up.

        Raises:
            InvalidInput: the message says which rule it breaks.
        """
        path = file_path(stream_url)
        if path is not None:
            self.film(path)
            return
        scheme, host = _parts(stream_url)
        if scheme not in SCHEMES:
            raise refused(f"streams of {scheme}:// cannot be watched")
        if scheme == LOCAL_CAMERA:
            _check_device(stream_url)
        else:
            self.check_host(host)

    def check_host(self, host: str) -> None:
        """Refuse a host, by its name and by every address the name leads to.

        A name that leads nowhere is none of this one's business.

        Raises:
            InvalidInput: the host may not be asked.
        """
        if not host or UNREADABLE.search(host):
            raise refused("the address of the stream names no host")
        for address in _addresses(host):
            self.check_address(host, address)

    def check_address(self, host: str, address: str) -> None:
        """Refuse one address that `host` leads to.

        Raises:
            InvalidInput: it may not be asked.
        """
        met = _really(ipaddress.ip_address(address))
        if any(met in network for network in self.networks):
            return
        if any(met in network for network in NEVER_ASKED_FOR):
            raise refused(
                f"{host} leads to an address no camera has (link-local); "
                "if this one does, list it in HYPERSIGHT_CAMERA_HOSTS"
            )
        if (self.names or self.networks) and not self._has_listed(host):
            raise refused(f"{host} is none of the hosts in HYPERSIGHT_CAMERA_HOSTS")

    def film(self, path: Path) -> Path:
        """Return where a file really lies, links followed.

        Raises:
            InvalidInput: not in the media folder.
        """
        if self.media_dir is None:
            return path
        try:
            found, folder = path.resolve(), self.media_dir.resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise refused(f"{path} names no file") from error
        if not found.is_relative_to(folder):
            raise refused(
                f"files of cameras must lie in {self.media_dir} (HYPERSIGHT_MEDIA_DIR), which {path} does not"
            )
        return found

    def _has_listed(self, host: str) -> bool:
        name = host.lower().rstrip(".")
        return any(name.endswith(one[1:]) if one.startswith("*.") else name == one for one in self.names)


def file_path(url: str) -> Path | None:
    """Return the path a file URL or a bare path names; None for streams."""
    if "://" not in url:
        return Path(url)
    scheme, _, rest = url.partition("://")
    return Path(unquote(rest)) if scheme.lower() == FILE else None


def _parts(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        found = parts.scheme.lower(), parts.hostname or ""
    except ValueError as error:
        raise refused("the address of the stream cannot be read") from error
    try:
        _ = parts.port
    except ValueError as error:  # whose message shows what may be half of a password
        raise refused(
            "the port in the address of the stream is no number up to 65535; "
            "in a password write %2F for /, %3F for ? and %23 for #"
        ) from error
    written = AUTHORITY.match(url)  # the parser leaves some signs out
    if written is None or UNREADABLE.search(written[0]):
        raise refused("the address of the stream names no host")
    return found


def _check_device(url: str) -> None:
    if not DEVICE.fullmatch(unquote(urlsplit(url).path)):
        raise refused("cameras of this machine are v4l2:///dev/video0 and so on")


def _network(entry: str) -> Network | None:
    try:
        return ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return None


def _addresses(host: str) -> Iterable[str]:
    """Return what a connection to `host` would try, numbers in any notation included."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return dict.fromkeys(str(address[0]) for *_, address in found)


def _really(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
