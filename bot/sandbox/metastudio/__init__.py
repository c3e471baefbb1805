"""A stand-in for Huawei Cloud MetaStudio and IAM on 127.0.0.1, for the sandbox and for tests."""

from bot.sandbox.metastudio.credentials import Credentials
from bot.sandbox.metastudio.rooms import MISBEHAVING_ROOMS, ORDINARY_LIFE
from bot.sandbox.metastudio.server import MetaStudioStandIn

__all__ = ["MISBEHAVING_ROOMS", "ORDINARY_LIFE", "Credentials", "MetaStudioStandIn"]
