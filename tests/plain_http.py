"""HTTP to a server on this machine."""

from __future__ import annotations

import ssl
from typing import Final

NO_CERTIFICATES: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For `verify` of httpx, which else reads all certificates anew at each call: 30 ms of a core where there is no TLS."""
