"""Plugins: loading, dispatch with isolation, activation."""

from passback.plugins.loading import PluginLoadError
from passback.plugins.registry import PluginInfo, PluginRegistry

__all__ = ["PluginInfo", "PluginLoadError", "PluginRegistry"]
