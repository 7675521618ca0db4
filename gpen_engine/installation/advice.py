"""From what venv, pip and the system print when they fail, to what the user can do."""

from __future__ import annotations

import re

NO_PIP = r"ensurepip is not\s+available"
"""What venv says on Debian and Ubuntu, which leave pip out of Python."""
# The first that fits is shown.
HINTS = {
    rf"{NO_PIP}|No module named '?(venv|ensurepip)": "Python's venv part is missing (on Debian and "
    "Ubuntu: sudo apt install python3-venv)",
    r"No space left|Errno 28\b|not enough space": "the disk is full (this takes about 2 GB, and "
    "room for temporary files); make room, or choose another disk with --venv FOLDER",
    r"ProxyError|Tunnel connection failed|Proxy Authentication": "the proxy does not let it "
    "through to the package registry; check the variable HTTPS_PROXY",
    r"DO NOT MATCH THE HASHES|BadZipFile|Wheel .* is invalid": "a download was damaged on its way",
    r"IncompleteRead|incomplete-download|ProtocolError|Read timed out": "the "
    "connection broke off in a download",
    r"NewConnection|NameResolution|name resolution|SSLError|Max retries|timed out"
    r"|Connection (aborted|refused|reset)": "the package registry cannot be reached; check the "
    "network, or the proxy in the variable HTTPS_PROXY",
    r"Permission denied|Read-only file system|Access is denied|Operation not permitted": "a folder "
    "may not be written to; choose another with --venv FOLDER",
    r"from versions: none": "the package registry cannot be reached, or has nothing for this "
    "Python and system; check the network, and whether it is Python 3.11, 3.12 or 3.13",
    r"No matching distribution": "a package does not exist for this Python and system; try Python "
    "3.11, 3.12 or 3.13",
}


def advice(output: str) -> str:
    """The cause and the way out as a part of a sentence; the last line where none is known."""
    lines = [line.strip() for line in output.splitlines() if line.strip()][-30:]
    for pattern, hint in HINTS.items():
        if re.search(pattern, "\n".join(lines), re.IGNORECASE):
            return hint
    return lines[-1].rstrip(".") if lines else "it said nothing"
