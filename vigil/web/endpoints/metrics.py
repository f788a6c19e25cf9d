"""``/metrics``: the traffic and the standing as numbers, in the Prometheus text format."""

from __future__ import annotations

from flask import Response

from vigil.web.routes import Routes
from vigil.web.service import Service
from vigil.web.standing import Standing

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def blueprint(service: Service) -> Routes:
    """Build the endpoint."""
    routes = Routes("metrics", __name__)
    standing = Standing(service)

    @routes.get("/metrics")
    @routes.doc(
        summary="Traffic and standing for Prometheus",
        responses={200: "Text exposition format 0.0.4"},
        produces=("text/plain",),
    )
    def metrics() -> Response:
        return Response(service.traffic.exposition(standing), content_type=CONTENT_TYPE)

    return routes
