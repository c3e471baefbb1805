"""The client of MetaStudio's smart-chat API; the only package that imports httpx."""
