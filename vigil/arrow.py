"""pyarrow's functions over columns: its published type stubs are behind it, so that they go unchecked."""

from __future__ import annotations

from typing import Any

import pyarrow.compute

pc: Any = pyarrow.compute
