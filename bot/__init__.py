"""Avatar bot: starts MetaStudio virtual avatars from Slack."""
