"""A stand-in for Huawei Cloud MetaStudio and IAM on 127.0.0.1, for the sandbox and for tests."""

from .credentials import Credentials
from .rooms import MISBEHAVING_ROOMS
from .server import MetaStudioStandIn

__all__ = ["MISBEHAVING_ROOMS", "Credentials", "MetaStudioStandIn"]
