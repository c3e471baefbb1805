"""Minimal stand-ins for Slack's Web API and MetaStudio.

The sandbox's stand-ins check everything and enforce every limit, which is too slow here. These check nothing:
answers are rendered beforehand, and the number in a room's ID shows which job it is.
"""
