"""Telling people: channels, what a message says, when it is sent, and that none is lost.

Nothing is imported here: a tick with nothing new may pass by to ping a watcher.
"""
