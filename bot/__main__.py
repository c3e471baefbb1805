"""`python -m bot` is `avatar-bot`."""

from bot.cli import main

main()
