"""What a token's role lets it do."""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal["read", "predict", "admin"]

ROLES: tuple[Role, ...] = get_args(Role)


def allows(role: Role, need: str) -> bool:
    """Tell whether a role does for what a route needs: itself, anything for an admin, ``any`` for all."""
    return role == "admin" or need in (role, "any")
