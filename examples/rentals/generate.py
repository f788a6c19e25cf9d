"""Write the rentals example's files: made-up short-term rentals of a city, with their nightly price.

    python examples/rentals/generate.py [--out FOLDER]

Every row is one listing, in the columns of the real file. Prices follow the kind of room, the
neighbourhood and the distance to the centre; one in fifty is absurd. Some names hold commas, quotes and
line ends; who has no review has no date of a last one. The second, larger file holds one listing that
lies outside the boundaries. In the last one every price is a quarter higher.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

HEADER = (
    "id",
    "name",
    "host_id",
    "host_name",
    "neighbourhood_group",
    "neighbourhood",
    "latitude",
    "longitude",
    "room_type",
    "price",
    "minimum_nights",
    "number_of_reviews",
    "last_review",
    "reviews_per_month",
    "calculated_host_listings_count",
    "availability_365",
)
#: Each file and its share of the rows.
FILES = (
    ("practicedata/listings-1.csv", 0.3),
    ("sourcedata/listings-2.csv", 0.4),
    ("sourcedata/listings-3.csv", 0.3),
)
ROWS = 15_000
RISE = 1.25
SEED = 19
LAST_DAY = date(2019, 7, 8)

#: What a listing has to lie within; the contract says the same.
PRICES, LATITUDES, LONGITUDES = (10, 350), (40.5, 41.2), (-74.25, -73.5)
#: Latitude and longitude of one listing that does not.
OUTSIDE = (40.49979, -74.24084)
CENTRE = (40.755, -73.985)
#: Every so manieth listing has a price that nobody means.
ABSURD, EVERY = (0, 999, 9999), 50

Cells = list[str]


class Borough(NamedTuple):
    """A part of the city: its share of listings, its middle, its extent in degrees, its price level."""

    name: str
    share: float
    latitude: float
    longitude: float
    extent: float
    level: float
    quarters: tuple[str, ...]


BOROUGHS = (
    Borough("Manhattan", 0.443, 40.765, -73.975, 0.035, 4.95, (
        "Harlem", "Hell's Kitchen", "Upper West Side", "Upper East Side", "East Village", "Midtown",
        "Chelsea", "Lower East Side", "Washington Heights", "West Village", "Financial District",
        "Tribeca", "Inwood",
    )),
    Borough("Brooklyn", 0.411, 40.685, -73.950, 0.028, 4.65, (
        "Williamsburg", "Bedford-Stuyvesant", "Bushwick", "Crown Heights", "Greenpoint", "Park Slope",
        "Flatbush", "Clinton Hill", "Prospect-Lefferts Gardens", "Fort Greene", "Sunset Park", "Bay Ridge",
    )),
    Borough("Queens", 0.116, 40.732, -73.870, 0.035, 4.40, (
        "Astoria", "Long Island City", "Flushing", "Ridgewood", "Sunnyside", "Jamaica", "Elmhurst",
        "Woodside",
    )),
    Borough("Bronx", 0.022, 40.848, -73.885, 0.022, 4.25, (
        "Kingsbridge", "Fordham", "Mott Haven", "Longwood",
    )),
    Borough("Staten Island", 0.008, 40.612, -74.105, 0.025, 4.35, (
        "St. George", "Tompkinsville", "Tottenville",
    )),
)  # fmt: skip
#: Kinds of room: share, and what they add to the logarithm of the price.
ROOMS = (("Entire home/apt", 0.52, 0.30), ("Private room", 0.456, -0.45), ("Shared room", 0.024, -0.85))
HOSTS = (
    "Michael", "David", "Sonder", "John", "Alex", "Maria", "Anna", "Daniel", "Chris", "Laura", "José",
    "Zoë", "Andrés", "Mei", "Ivan", "Ruth",
)  # fmt: skip
FIRST = ("Cozy", "Sunny", "Spacious", "Modern", "Charming", "Quiet", "Luxury", "Bright", "Huge", "Beautiful")
LAST = (
    "near the subway",
    "with a view",
    "for two",
    "in the heart of it all",
    "close to the park",
    "with garden",
)
STREETS = ("Grand St", "Broadway", "Bedford Ave", "Park Pl", "Union Sq", "Mott St", "Court St", "Ocean Pkwy")
THINGS = {"Entire home/apt": "apartment", "Private room": "room", "Shared room": "shared space"}


def generate(out: Path) -> list[Path]:
    """Write every file below `out`; return their paths in order of arrival."""
    random = np.random.default_rng(SEED)
    rows = [_listing(number, random) for number in range(ROWS)]
    for place, row in enumerate(rows[EVERY - 1 :: EVERY]):
        row[HEADER.index("price")] = str(ABSURD[place % len(ABSURD)])
    parts = split(rows)
    _move(parts[1][len(parts[1]) // 2], *OUTSIDE)
    for row in parts[-1]:
        _reprice(row, RISE)
    return write_all(out, parts)


def write_all(out: Path, parts: Sequence[Sequence[Cells]]) -> list[Path]:
    """Write the files in order, as many as there are; return the paths."""
    return [write(out / name, part) for (name, _), part in zip(FILES, parts, strict=False)]


def split(rows: Sequence[Cells]) -> list[list[Cells]]:
    """Part rows into the files' shares, in order."""
    ends = np.rint(np.cumsum([0.0] + [share for _, share in FILES]) * len(rows)).astype(int)
    return [list(rows[a:b]) for a, b in pairwise(ends)]


def write(path: Path, rows: Sequence[Cells]) -> Path:
    """Write a file aside and move it into place, so that no tick ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}")
    with aside.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *rows])
    aside.replace(path)
    return path


def _listing(number: int, random: np.random.Generator) -> Cells:
    """Draw one listing as text cells."""
    borough = BOROUGHS[_drawn([borough.share for borough in BOROUGHS], random)]
    quarter = int(random.integers(0, len(borough.quarters)))
    latitude, longitude = _place(borough, quarter, random)
    room, _, effect = ROOMS[_drawn([share for _, share, _ in ROOMS], random)]
    level = borough.level + effect + 0.09 * np.cos(2.4 * quarter)
    level -= 3.0 * np.hypot(latitude - CENTRE[0], longitude - CENTRE[1])
    host = int(random.integers(1, ROWS))
    row = [str(2_500 + 37 * number), _name(room, random), str(host * 311), HOSTS[host % len(HOSTS)]]
    row += [borough.name, borough.quarters[quarter], f"{latitude:.5f}", f"{longitude:.5f}", room]
    nights = int(
        random.choice([1, 2, 3, 4, 5, 7, 14, 30], p=[0.26, 0.24, 0.17, 0.07, 0.06, 0.05, 0.02, 0.13])
    )
    free = int(random.integers(0, 366)) if random.random() < 0.64 else 0
    level += 0.0005 * free - 0.012 * min(nights, 14)
    price = np.clip(np.rint(np.exp(random.normal(level, 0.33))), *PRICES)
    listings = str(1 + int(random.poisson(0.6)) + (random.random() < 0.04) * int(random.integers(5, 120)))
    return [*row, str(int(price)), str(nights), *_reviews(random), listings, str(free)]


def _place(borough: Borough, quarter: int, random: np.random.Generator) -> tuple[float, float]:
    """Draw where in its quarter a listing lies, inside the boundaries."""
    angle = 2 * np.pi * quarter / len(borough.quarters)
    north, east = borough.extent * np.sin(angle), borough.extent * np.cos(angle)
    latitude = random.normal(borough.latitude + north, 0.007)
    longitude = random.normal(borough.longitude + east, 0.009)
    return float(np.clip(latitude, *LATITUDES)), float(np.clip(longitude, *LONGITUDES))


def _reviews(random: np.random.Generator) -> Cells:
    """Draw number, date of the last and reviews a month; without a review the other two are missing."""
    count = int(random.geometric(0.045)) if random.random() < 0.79 else 0
    if not count:
        return ["0", "", ""]
    last = LAST_DAY - timedelta(days=int(random.exponential(270)))
    return [str(count), last.isoformat(), f"{max(0.01, count / random.uniform(6, 60)):.2f}"]


def _name(room: str, random: np.random.Generator) -> str:
    """Make up a name as people write them: with commas, quotes, line ends, or none at all."""
    first, last, street = (words[int(random.integers(len(words)))] for words in (FIRST, LAST, STREETS))
    where = f"{int(random.integers(1, 400))} {street}"
    lot = random.random()
    if lot < 0.002:
        return ""
    if lot < 0.03:
        return f'{first}, "the best" {THINGS[room]}\n{last}! {where}'
    return (
        f"{first} {THINGS[room]} {last}, {where}" if lot < 0.5 else f"{first} {THINGS[room]} {last} {where}"
    )


def _drawn(shares: Sequence[float], random: np.random.Generator) -> int:
    """Draw a place by shares."""
    return int(np.searchsorted(np.cumsum(shares) / sum(shares), random.random()))


def _move(row: Cells, latitude: float, longitude: float) -> None:
    """Put a listing elsewhere."""
    row[HEADER.index("latitude")], row[HEADER.index("longitude")] = f"{latitude}", f"{longitude}"


def _reprice(row: Cells, factor: float) -> None:
    """Raise a price, inside the boundaries; one outside them stays."""
    place = HEADER.index("price")
    price = int(row[place])
    if PRICES[0] <= price <= PRICES[1]:
        row[place] = str(int(np.clip(round(price * factor), *PRICES)))


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description="Write the rentals example's files.")
    here = Path(__file__).resolve().parent
    parser.add_argument("--out", type=Path, default=here, help="folder to write into (this one)")
    for path in generate(parser.parse_args().out):
        print(path)


if __name__ == "__main__":
    main()
