"""Check the certificate files that the environment names for outgoing connections.

OpenSSL treats a missing file or folder as an empty one: it then trusts no certificate and does not say why.
The start therefore checks them.
"""

import os
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.errors import SettingFault

_FILE, _FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"


def certificate_faults(environment: Mapping[str, str]) -> Iterator[SettingFault]:
    """Yield what is wrong with SSL_CERT_FILE and SSL_CERT_DIR."""
    if file := environment.get(_FILE):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
        except ssl.SSLError:
            yield SettingFault(
                _FILE, f"{file} holds no certificate in PEM format; name one that does, or unset it"
            )
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            yield SettingFault(
                _FILE, f"{file} cannot be read ({reason}); name a file of certificates, or unset it"
            )
    for folder in filter(None, environment.get(_FOLDER, "").split(os.pathsep)):
        if not Path(folder).is_dir() or not os.access(folder, os.R_OK | os.X_OK):
            remedy = f"{folder} is not a readable folder; name a folder of certificates, or unset it"
            yield SettingFault(_FOLDER, remedy)
