"""Slack's Web API and MetaStudio, as lean as can be.

The sandbox's stand-ins check everything and keep every limit, which is far too slow here. These check
nothing: answers are rendered beforehand, and a number in the room says which job it is.
"""
