"""The endpoints as one Flask application."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from jinja2 import Undefined
from markupsafe import Markup, escape
from werkzeug.middleware.proxy_fix import ProxyFix

from vigil import figures
from vigil.web import endpoints, errors, pages, security
from vigil.web.service import Service
from vigil.web.shortcut import Shortcut
from vigil.web.traffic import Counted


def build(service: Service) -> Flask:
    """Return the application of one service: every endpoint, its errors, its guards."""
    app = Flask("vigil.web")
    app.json = FiniteJson(app)
    app.config["MAX_CONTENT_LENGTH"] = service.project.config.server.max_body_mb * 2**20
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    app.jinja_env.filters["figure"] = figure
    app.jinja_env.filters["runnable"] = service.project.runnable
    app.jinja_env.filters["share"] = share
    app.jinja_env.filters["chance"] = chance
    app.jinja_env.filters["marked"] = marked
    app.jinja_env.filters["weight"] = figures.evidence
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(pages.surroundings)
    app.extensions["vigil"] = service
    security.install(app, service)
    errors.install(app)
    for blueprint in endpoints.blueprints(service):
        app.register_blueprint(blueprint)
    app.config["PROXY"] = service.project.config.server.proxy
    app.wsgi_app = Counted(Shortcut(app.wsgi_app, service), service.traffic)  # type: ignore[method-assign]
    if app.config["PROXY"]:
        app.wsgi_app = Proxied(app.wsgi_app, app.config["PROXY"])  # type: ignore[method-assign]
    return app


class Proxied:
    """Believes one proxy what it says of its client's address and of TLS, and nobody else."""

    def __init__(self, application: Any, proxy: str) -> None:
        self._application = application
        self._fixed = ProxyFix(application, x_for=1, x_proto=1)
        self._proxy = proxy

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one request."""
        is_known = environ.get("REMOTE_ADDR") == self._proxy
        return (self._fixed if is_known else self._application)(environ, start_response)


class FiniteJson(DefaultJSONProvider):
    """Writes strict JSON in the order given: null for not-a-number, the largest double for infinity."""

    sort_keys = False

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Write a value."""
        try:
            return super().dumps(obj, allow_nan=False, **kwargs)
        except ValueError:
            return super().dumps(_finite(json.loads(super().dumps(obj, **kwargs))), **kwargs)


def figure(value: Any) -> str:
    """Write a number as a page shows it: three digits that matter, thousands apart; a dash for none."""
    if value is None or isinstance(value, Undefined):
        return "–"
    size = abs(value)
    if size >= 1e12 or 0 < size < 0.001:
        return figures.digits(value, 2)
    if isinstance(value, int) or size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.3f}"


def chance(value: Any) -> str:
    """Write a p-value; a dash for none."""
    return "–" if value is None or isinstance(value, Undefined) else figures.chance(value)


def marked(text: str) -> Markup:
    """Return a description as HTML, with what stands between backticks as code."""
    parts = [
        f"<code>{escape(part)}</code>" if at % 2 else escape(part) for at, part in enumerate(text.split("`"))
    ]
    return Markup("").join(map(Markup, parts))


def share(value: float | None) -> str:
    """Write a share in percent."""
    return "–" if value is None else f"{value:.1%}" if 0 < value < 0.0995 else f"{value:.0%}"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return None if math.isnan(value) else math.copysign(sys.float_info.max, value)
