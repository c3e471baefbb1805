"""The certificates that outgoing connections trust, as far as the environment names them.

OpenSSL takes a file or folder that is not there for an empty one: then no certificate is trusted, and nothing
says why. So it is checked at the start.
"""

import os
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.errors import SettingFault

_FILE, _FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"


def certificate_faults(environment: Mapping[str, str]) -> Iterator[SettingFault]:
    """What is wrong with SSL_CERT_FILE and SSL_CERT_DIR."""
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
            remedy = f"{folder} is no folder that can be read; name a folder of certificates, or unset it"
            yield SettingFault(_FOLDER, remedy)
