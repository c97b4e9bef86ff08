"""Plugins' routes and templates: `/p/<plugin>/` on the app host, `/rt/<content type>/` on the content host."""

from flask import Flask, request
from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader

from passback.db import Unscoped, unscoped
from passback.errors import NotFoundError
from passback.hosts import HostSide, mount
from passback.plugins.activation import is_on
from passback.plugins.registry import PluginRegistry, home


def mount_plugins(app: Flask, registry: PluginRegistry) -> None:
    """Mount what the plugins bring. A blueprint cannot be taken away later: one that is off answers 404 instead."""
    owners: dict[str, str] = {}
    for name, blueprints in registry.collect("register_blueprints"):
        for blueprint in blueprints:
            owners[blueprint.name] = name
            mount(app, blueprint, HostSide.APP, url_prefix=f"/p/{name}")
    for key, kind in registry.content_types.items():
        routes = kind.routes()
        if routes is not None:
            owners[routes.name] = registry.owners[key]
            mount(app, routes, HostSide.CONTENT, url_prefix=f"/rt/{key}")
    _gate(app, owners)
    _find_templates(app, registry)


def _gate(app: Flask, owners: dict[str, str]) -> None:
    @app.before_request
    def _closed_when_off() -> None:
        plugin = owners.get(request.blueprint or "")
        if plugin is None:
            return
        with unscoped(Unscoped.INSTALLATION) as session:
            if not is_on(session, plugin, None):
                raise NotFoundError(f"plugin {plugin} is off")


def _find_templates(app: Flask, registry: PluginRegistry) -> None:
    folders = [home(plugin) / "templates" for _name, plugin in registry.manager.list_name_plugin() if plugin]
    loaders: list[BaseLoader] = [FileSystemLoader(folder) for folder in folders if folder.is_dir()]
    own = app.jinja_loader
    app.jinja_loader = ChoiceLoader([*([own] if own else []), *loaders])
