"""What the user is told when venv, pip or the system fail."""

from __future__ import annotations

import pytest

from gpen_engine.installation.advice import advice


@pytest.mark.parametrize(
    ("output", "hint"),
    [
        (
            "The virtual environment was not created successfully because ensurepip is not\n"
            "available.  On Debian/Ubuntu systems, you need to install the python3-venv package\n",
            "apt install python3-venv",
        ),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left", "full"),
        (
            "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by "
            "'NewConnectionError(': Failed to establish a new connection: [Errno -2] Name or "
            "service not known')': /simple/torch/\nERROR: No matching distribution found for torch",
            "cannot be reached",
        ),
        (
            "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 403'))\n"
            "ERROR: No matching distribution found for torch==2.13.0",
            "the proxy does not let it through",
        ),
        ("pip._vendor.urllib3.exceptions.ProtocolError: IncompleteRead(9 of 99)", "broke off"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES from the requirements", "was damaged"),
        ("ERROR: Wheel 'torch' located at /tmp/torch.whl is invalid.", "was damaged"),
        ("ERROR: Could not find a version of torch (from versions: none)", "cannot be reached, or"),
        ("OSError: [Errno 30] Read-only file system: '/x'", "may not be written"),
        ("ERROR: No matching distribution found for torch==2.13.0", "3.11, 3.12 or 3.13"),
        ("Traceback ...\nValueError: Something else.\n\n", "ValueError: Something else"),
        ("timed out once\n" + "line\n" * 40 + "the end", "the end"),
        ("", "it said nothing"),
    ],
)
def test_advice_says_what_to_do(output: str, hint: str) -> None:
    assert hint in advice(output)
